package dev.ratoon.protocol.agent;

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
   * A piece of a console.
   *
   * @param nextOffset where the next piece begins
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
  record ConsoleText(byte[] bytes, long nextOffset) {}
}
