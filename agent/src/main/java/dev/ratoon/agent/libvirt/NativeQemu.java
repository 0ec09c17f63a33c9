package dev.ratoon.agent.libvirt;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.ptr.PointerByReference;
import org.libvirt.jna.DomainPointer;

/** The part of libvirt's C library that is for QEMU alone. Names are those of libvirt-qemu.h. */
interface NativeQemu extends Library {
  NativeQemu INSTANCE = Native.load("virt-qemu", NativeQemu.class);

  /** {@code result} is to be freed. */
  int virDomainQemuMonitorCommand(
      DomainPointer domain, String command, PointerByReference result, int flags);
}
