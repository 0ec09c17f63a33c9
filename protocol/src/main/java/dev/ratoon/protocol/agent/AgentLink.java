package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskPart;
import dev.ratoon.model.VmId;
import java.time.Duration;

/**
 * What a server may ask an agent for directly. Nothing here changes anything: changes go through
 * desired state.
 */
public interface AgentLink {

  /**
   * What a VM's guest wrote to its serial console.
   *
   * @param offset byte to begin at; negative counts back from the end
   * @param wait how long to wait when there is nothing new at {@code offset}
   * @throws dev.ratoon.model.RatoonException {@code not-found} if the host does not have the VM
   */
  ConsoleText console(VmId vm, long offset, Duration wait) throws InterruptedException;

  /**
   * The content of a disk of a VM that does not run, as a stream of docs/formats/disk-stream.md.
   * What can be refused is refused by this call; the stream ends with a problem if the VM is
   * started, or anything else changes, while it is read.
   *
   * @param disk which of its disks, counted from 0
   * @param packed whether data is to be packed where that makes it smaller
   * @return to be closed; until then it counts as one of those under way
   * @throws dev.ratoon.model.RatoonException {@code wrong-state} if the VM runs, {@code not-found}
   *     if the host does not have it, {@code invalid-value} if the disk has no such part, {@code
   *     busy} if too many are under way; {@code base-missing}, {@code base-altered} or {@code
   *     overlay-altered} if its chain is not as it was made
   */
  DiskStream disk(VmId vm, int disk, DiskPart part, boolean packed);

  /**
   * A piece of a console.
   *
   * @param nextOffset where the next piece begins
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
  record ConsoleText(byte[] bytes, long nextOffset) {}
}
