package dev.ratoon.server.operations;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
import java.util.Optional;

/**
 * What an operation is about.
 *
 * @param name as users know it
 * @param vm the VM that it is
 * @param base the base disk that it is, on {@code host} if there is one
 * @param host where it is, if it is no VM
 */
public record Subject(
    String name, Optional<VmId> vm, Optional<DiskId> base, Optional<HostId> host) {

  /** Something without an identity: what is being imported, say. */
  public static Subject named(String name) {
    return new Subject(name, Optional.empty(), Optional.empty(), Optional.empty());
  }

  public static Subject vm(String name, VmId vm) {
    return new Subject(name, Optional.of(vm), Optional.empty(), Optional.empty());
  }

  public static Subject base(String name, DiskId base, HostId host) {
    return new Subject(name, Optional.empty(), Optional.of(base), Optional.of(host));
  }

  /** A base disk where several hosts have it. */
  public static Subject base(String name, DiskId base) {
    return new Subject(name, Optional.empty(), Optional.of(base), Optional.empty());
  }

  /** Something of a host that only its name tells: a path, say. */
  public static Subject on(HostId host, String name) {
    return new Subject(name, Optional.empty(), Optional.empty(), Optional.of(host));
  }
}
