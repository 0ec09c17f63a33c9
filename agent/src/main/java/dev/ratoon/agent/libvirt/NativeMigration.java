package dev.ratoon.agent.libvirt;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import org.jspecify.annotations.Nullable;
import org.libvirt.jna.ConnectionPointer;
import org.libvirt.jna.DomainPointer;

/**
 * The phases of a migration, one by one, as libvirt's own virDomainMigrate3 calls them. They are
 * exported by libvirt.so but in no header (libvirt_internal.h): see decision 14.
 */
interface NativeMigration extends Library {
  NativeMigration INSTANCE = Native.load("virt", NativeMigration.class);

  int virTypedParamsAddString(
      PointerByReference params, IntByReference count, IntByReference room, String name, String v);

  void virTypedParamsFree(@Nullable Pointer params, int count);

  int virTypedParamsGetULLong(Pointer params, int count, String name, LongByReference value);

  @Nullable Pointer virDomainMigrateBegin3Params(
      DomainPointer domain,
      @Nullable Pointer params,
      int count,
      PointerByReference wordOut,
      IntByReference wordOutBytes,
      int flags);

  int virDomainMigratePrepare3Params(
      ConnectionPointer connection,
      @Nullable Pointer params,
      int count,
      byte[] word,
      int wordBytes,
      PointerByReference wordOut,
      IntByReference wordOutBytes,
      PointerByReference uriOut,
      int flags);

  int virDomainMigratePerform3Params(
      DomainPointer domain,
      @Nullable String destination,
      @Nullable Pointer params,
      int count,
      byte[] word,
      int wordBytes,
      PointerByReference wordOut,
      IntByReference wordOutBytes,
      int flags);

  @Nullable DomainPointer virDomainMigrateFinish3Params(
      ConnectionPointer connection,
      @Nullable Pointer params,
      int count,
      byte[] word,
      int wordBytes,
      PointerByReference wordOut,
      IntByReference wordOutBytes,
      int flags,
      int cancelled);

  int virDomainMigrateConfirm3Params(
      DomainPointer domain,
      @Nullable Pointer params,
      int count,
      byte[] word,
      int wordBytes,
      int flags,
      int cancelled);

  int virDomainAbortJob(DomainPointer domain);

  int virDomainGetJobStats(
      DomainPointer domain,
      IntByReference type,
      PointerByReference params,
      IntByReference count,
      int flags);
}
