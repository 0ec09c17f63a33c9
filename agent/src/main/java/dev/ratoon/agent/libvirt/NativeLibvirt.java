package dev.ratoon.agent.libvirt;

import com.sun.jna.Callback;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import org.jspecify.annotations.Nullable;
import org.libvirt.jna.ConnectionPointer;
import org.libvirt.jna.DomainPointer;

/**
 * What org.libvirt lacks of the C library: why a domain is in its state, whether guest or host
 * ended it, and which I/O error held it. Names and numbers are those of libvirt-domain.h.
 */
interface NativeLibvirt extends Library {
  NativeLibvirt INSTANCE = Native.load("virt", NativeLibvirt.class);

  int EVENT_LIFECYCLE = 0;
  int EVENT_IO_ERROR_REASON = 6;
  int UUID_STRING_BYTES = 37;

  int virDomainGetState(
      DomainPointer domain, IntByReference state, IntByReference reason, int flags);

  @Nullable DomainPointer virDomainLookupByUUIDString(ConnectionPointer connection, String uuid);

  int virDomainFree(DomainPointer domain);

  /** 1 if there is a job, 0 if there is none; {@code info} is a virDomainBlockJobInfo. */
  int virDomainGetBlockJobInfo(DomainPointer domain, String disk, Pointer info, int flags);

  int virDomainBlockPull(DomainPointer domain, String disk, NativeLong bandwidth, int flags);

  /** {@code params} are {@code count} of virTypedParameter; none are needed. */
  int virDomainBlockCopy(
      DomainPointer domain,
      String disk,
      String copyXml,
      @Nullable Pointer params,
      int count,
      int flags);

  int virDomainBlockJobAbort(DomainPointer domain, String disk, int flags);

  int virDomainShutdownFlags(DomainPointer domain, int flags);

  /**
   * Lets the guest go on to write to all its file systems; how many that were.
   *
   * @param mountPoints all of them if null
   */
  int virDomainFSThaw(DomainPointer domain, @Nullable Pointer mountPoints, int count, int flags);

  /** How many seconds the guest's agent has for its next answers. */
  int virDomainAgentSetResponseTimeout(DomainPointer domain, int seconds, int flags);

  String virGetLastErrorMessage();

  /**
   * What can be said of domains on such a machine; to be freed. Null if there is no such machine.
   */
  @Nullable Pointer virConnectGetDomainCapabilities(
      ConnectionPointer connection,
      @Nullable String emulator,
      String architecture,
      String machine,
      String domainType,
      int flags);

  /** Whether domains on such a machine can have this processor; -1 if that failed. */
  int virConnectCompareHypervisorCPU(
      ConnectionPointer connection,
      @Nullable String emulator,
      String architecture,
      String machine,
      String domainType,
      String processor,
      int flags);

  int virDomainGetUUIDString(Pointer domain, byte[] uuid);

  int virConnectDomainEventRegisterAny(
      ConnectionPointer connection,
      @Nullable Pointer domain,
      int eventId,
      Callback callback,
      @Nullable Pointer opaque,
      @Nullable Callback free);

  int virConnectDomainEventDeregisterAny(ConnectionPointer connection, int callbackId);

  /** virConnectDomainEventCallback. */
  interface OnLifecycle extends Callback {
    int on(Pointer connection, Pointer domain, int event, int detail, @Nullable Pointer opaque);
  }

  /** virConnectDomainEventIOErrorReasonCallback. */
  interface OnIoError extends Callback {
    void on(
        Pointer connection,
        Pointer domain,
        String path,
        String device,
        int action,
        String reason,
        @Nullable Pointer opaque);
  }

  /** Where the last error on this thread comes from; 0 if there was none. */
  int virGetLastErrorDomain();

  /** The code of the last error on this thread; 0 if there was none. */
  int virGetLastErrorCode();
}
