package dev.ratoon.agent.libvirt;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.Locale;
import org.libvirt.Error.ErrorDomain;
import org.libvirt.Error.ErrorNumber;
import org.libvirt.LibvirtException;

/** What libvirt's errors mean to us. */
final class LibvirtErrors {
  private static final int FROM_RPC = 7;
  private static final int INVALID_CONNECTION = 6;
  private static final int INVALID_ARGUMENT = 8;
  private static final int NO_DOMAIN = 42;
  private static final int OPERATION_INVALID = 55;

  /** Another call for the same domain has not ended. */
  private static final int OPERATION_TIMEOUT = 68;

  private LibvirtErrors() {}

  /** Whether the connection itself has failed, so that nothing is known about the call. */
  static boolean isConnectionLost(LibvirtException failure) {
    return failure.getError().getDomain() == ErrorDomain.VIR_FROM_RPC
        || failure.getError().getCode() == ErrorNumber.VIR_ERR_INVALID_CONN;
  }

  static boolean isAbsent(LibvirtException failure) {
    return failure.getError().getCode() == ErrorNumber.VIR_ERR_NO_DOMAIN;
  }

  /** Whether the domain was not in a state for this call, for example ended just now. */
  static boolean isWrongState(LibvirtException failure) {
    return failure.getError().getCode() == ErrorNumber.VIR_ERR_OPERATION_INVALID;
  }

  /** Whether it is the guest's own agent that failed, or said nothing. */
  static boolean isGuestAgents(LibvirtException failure) {
    ErrorNumber code = failure.getError().getCode();
    String said = String.valueOf(failure.getError().getMessage()).toLowerCase(Locale.ROOT);
    return !isConnectionLost(failure)
        && (code == ErrorNumber.VIR_ERR_AGENT_UNRESPONSIVE
            || code == ErrorNumber.VIR_ERR_AGENT_UNSYNCED
            // libvirt has no code for a command that the agent refuses.
            || (code == ErrorNumber.VIR_ERR_INTERNAL_ERROR && said.contains("agent")));
  }

  static RatoonException unavailable(String doing, String why) {
    return Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, doing)
        .detail(why)
        .next("'ratoon doctor' on the host says what is wrong with libvirt.")
        .asException();
  }

  static RatoonException unavailable(String doing, LibvirtException cause) {
    return Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, doing)
        .detail(cause.getError().getMessage())
        .next("'ratoon doctor' on the host says what is wrong with libvirt.")
        .asException(cause);
  }

  /** Whether it was said last on this thread that there is no such domain, disk or job any more. */
  static boolean lastIsAbsence() {
    return switch (NativeLibvirt.INSTANCE.virGetLastErrorCode()) {
      case INVALID_ARGUMENT, NO_DOMAIN, OPERATION_INVALID -> true;
      default -> false;
    };
  }

  /** What the C library said last on this thread, where org.libvirt has no word for the call. */
  static RatoonException last(String doing) {
    NativeLibvirt libvirt = NativeLibvirt.INSTANCE;
    String said = "libvirt says: " + libvirt.virGetLastErrorMessage();
    int code = libvirt.virGetLastErrorCode();
    if (libvirt.virGetLastErrorDomain() == FROM_RPC || code == INVALID_CONNECTION) {
      return unavailable(doing, said);
    }
    ErrorCode ours = code == OPERATION_TIMEOUT ? ErrorCode.TIMED_OUT : ErrorCode.HYPERVISOR_REFUSED;
    return Problem.of(ours, doing).detail(said).asException();
  }

  static RatoonException refused(String doing, LibvirtException cause) {
    return Problem.of(ErrorCode.HYPERVISOR_REFUSED, doing)
        .detail("libvirt says: " + cause.getError().getMessage())
        .asException(cause);
  }
}
