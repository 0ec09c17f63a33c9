package dev.ratoon.agent.libvirt;

import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import com.sun.jna.ptr.IntByReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.jna.ConnectionPointer;
import org.libvirt.jna.DomainPointer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An open connection, used by one thread at a time. */
final class Connection extends Connect {
  private static final Logger log = LoggerFactory.getLogger(Connection.class);
  private static final int ACTIVE = 1;

  /** VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN. */
  private static final int POWER_BUTTON = 1;

  /**
   * Whatever events were asked for. Native code keeps only the addresses of what it calls, and may
   * do so after the connection was closed, which it holds itself; so they are kept for good: some
   * kilobytes for each time that the daemon was lost.
   */
  private static final Queue<Object> LISTENING = new ConcurrentLinkedQueue<>();

  private final List<Integer> registered = new ArrayList<>();

  Connection(String uri) throws LibvirtException {
    super(uri);
  }

  /** Whether it was not lost, as far as is known here. */
  boolean isOpen() {
    try {
      return isAlive();
    } catch (LibvirtException unknown) {
      return false;
    }
  }

  /** Closes it; that a lost one cannot be closed in order is no matter. */
  void end() {
    try {
      close();
    } catch (LibvirtException failed) {
      log.debug("closing a connection failed", failed);
    }
  }

  /** VIR_ERR_NO_DOMAIN. */
  private static final int NO_DOMAIN = 42;

  /** A domain's state and the reason for it, by libvirt's numbers. */
  record State(int state, int reason) {}

  /**
   * Empty if there is no such domain. A call that fails for another reason says nothing of the
   * domain, and must never be taken for its absence.
   */
  Optional<State> state(String uuid) {
    DomainPointer domain = NativeLibvirt.INSTANCE.virDomainLookupByUUIDString(vcp, uuid);
    if (domain == null) {
      return absentOrUnknown(uuid);
    }
    try {
      var state = new IntByReference();
      var reason = new IntByReference();
      int rc = NativeLibvirt.INSTANCE.virDomainGetState(domain, state, reason, 0);
      return rc == 0
          ? Optional.of(new State(state.getValue(), reason.getValue()))
          : absentOrUnknown(uuid);
    } finally {
      NativeLibvirt.INSTANCE.virDomainFree(domain);
    }
  }

  /**
   * What is being done to a disk of a domain.
   *
   * @param kind 1 for pull, 2 for copy, 3 for commit, 4 for active commit, 5 for backup
   */
  record BlockJob(int kind, long done, long total) {}

  /**
   * Empty if nothing is being done to the disk with this file, or there is no such domain, or it
   * has no such disk. One that does not say is none of these.
   */
  Optional<BlockJob> blockJob(String uuid, String file) {
    return withPointer(uuid, domain -> blockJob(domain, file)).flatMap(found -> found);
  }

  private static Optional<BlockJob> blockJob(DomainPointer domain, String file) {
    // struct { int type; unsigned long bandwidth; unsigned long long cur, end; }
    try (Memory info = new Memory(32)) {
      int found = NativeLibvirt.INSTANCE.virDomainGetBlockJobInfo(domain, file, info, 0);
      if (found == 1) {
        return Optional.of(new BlockJob(info.getInt(0), info.getLong(16), info.getLong(24)));
      }
      if (found < 0 && !LibvirtErrors.lastIsAbsence()) {
        throw LibvirtErrors.last("asking what is being done to " + file);
      }
      return Optional.empty();
    }
  }

  /**
   * Begins to copy into this file of a domain all that it reads from those below; empty if there is
   * no such domain.
   */
  Optional<Boolean> pull(String uuid, String file, NativeLong bandwidth) {
    DomainPointer domain = NativeLibvirt.INSTANCE.virDomainLookupByUUIDString(vcp, uuid);
    if (domain == null) {
      return absentOrUnknown(uuid).map(_ -> true);
    }
    try {
      if (NativeLibvirt.INSTANCE.virDomainBlockPull(domain, file, bandwidth, 0) == 0) {
        return Optional.of(true);
      }
      throw LibvirtErrors.last("flattening the disk " + file);
    } finally {
      NativeLibvirt.INSTANCE.virDomainFree(domain);
    }
  }

  /** Asks a domain to shut down; empty if there is no such domain. */
  Optional<Boolean> pressPowerButton(String uuid) {
    return withPointer(
        uuid,
        domain -> {
          if (NativeLibvirt.INSTANCE.virDomainShutdownFlags(domain, POWER_BUTTON) != 0) {
            throw LibvirtErrors.last("pressing the power button of domain " + uuid);
          }
          return true;
        });
  }

  private static Optional<State> absentOrUnknown(String uuid) {
    int code = NativeLibvirt.INSTANCE.virGetLastErrorCode();
    if (code == NO_DOMAIN) {
      return Optional.empty();
    }
    throw LibvirtErrors.unavailable(
        "looking at domain " + uuid, "libvirt did not answer (error " + code + ").");
  }

  /** Calls {@code sink} on libvirt's event thread from now on. */
  void register(DomainEvents sink) {
    LISTENING.add(this);
    register(NativeLibvirt.EVENT_LIFECYCLE, sink.lifecycle());
    register(NativeLibvirt.EVENT_IO_ERROR_REASON, sink.ioError());
  }

  private void register(int event, com.sun.jna.Callback callback) {
    LISTENING.add(callback);
    int id =
        NativeLibvirt.INSTANCE.virConnectDomainEventRegisterAny(
            vcp, null, event, callback, null, null);
    if (id < 0) {
      throw new IllegalStateException("libvirt does not tell of events of kind " + event);
    }
    registered.add(id);
  }

  /**
   * Closes it, though it holds itself as long as events are asked for. No keepalive meets the calls
   * that this takes.
   */
  void endEvents() {
    try {
      boolean _ = setKeepAlive(0, 0);
      for (int id : registered) {
        int _ = NativeLibvirt.INSTANCE.virConnectDomainEventDeregisterAny(vcp, id);
      }
      unregisterCloseListener();
    } catch (LibvirtException failed) {
      log.debug("not listening to a connection any more failed", failed);
    }
    end();
  }

  /** Descriptions of all active domains. */
  List<String> descriptions() throws LibvirtException {
    Domain[] active = listAllDomains(ACTIVE);
    try {
      List<String> all = new ArrayList<>();
      for (Domain domain : active) {
        description(domain).ifPresent(all::add);
      }
      return all;
    } finally {
      for (Domain domain : active) {
        domain.free();
      }
    }
  }

  private static Optional<String> description(Domain domain) throws LibvirtException {
    try {
      return Optional.of(domain.getXMLDesc(0));
    } catch (LibvirtException failed) {
      if (LibvirtErrors.isAbsent(failed)) {
        return Optional.empty();
      }
      throw failed;
    }
  }

  /** Does something with the domain of this id; empty if there is none. */
  <T> Optional<T> withDomain(String uuid, DomainCall<T> call) throws LibvirtException {
    try {
      Domain domain = domainLookupByUUIDString(uuid);
      try {
        return Optional.of(call.on(domain));
      } finally {
        domain.free();
      }
    } catch (LibvirtException failed) {
      if (LibvirtErrors.isAbsent(failed)) {
        return Optional.empty();
      }
      throw failed;
    }
  }

  /** As the C library knows it; only inside a call. */
  ConnectionPointer pointer() {
    return vcp;
  }

  /** Does something with the domain of this id; empty if there is none. */
  <T> Optional<T> withPointer(String uuid, Function<DomainPointer, T> call) {
    DomainPointer domain = NativeLibvirt.INSTANCE.virDomainLookupByUUIDString(vcp, uuid);
    if (domain == null) {
      Optional<State> _ = absentOrUnknown(uuid);
      return Optional.empty();
    }
    try {
      return Optional.of(call.apply(domain));
    } finally {
      NativeLibvirt.INSTANCE.virDomainFree(domain);
    }
  }

  /** Something done with a domain; what it returns is not null. */
  @FunctionalInterface
  interface DomainCall<T> {
    T on(Domain domain) throws LibvirtException;
  }
}
