package dev.ratoon.agent.vm;

import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.stream.DiskSender;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.DiskStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the disks of VMs that do not run. Nothing is locked: a VM may be started, moved to the
 * trash or purged at any moment, and an export that was under way then ends with a problem.
 */
final class VmExports {
  private static final Logger LOG = LoggerFactory.getLogger(VmExports.class);

  /** More would only take the disk's time from the guests. */
  private static final int MOST_AT_ONCE = 4;

  private final VmWork work;
  private final VmFolders folders;
  private final HostCaches caches;
  private final Semaphore free = new Semaphore(MOST_AT_ONCE);

  VmExports(VmWork work, VmFolders folders, HostCaches caches) {
    this.work = work;
    this.folders = folders;
    this.caches = caches;
  }

  /** See {@link dev.ratoon.protocol.agent.AgentLink#disk}. */
  DiskStream open(DesiredVm wanted, int index, DiskPart part, boolean packed) {
    String doing = "exporting disk " + index + " of " + wanted.name();
    VmRecord record = work.record(wanted);
    if (record.layers().filter(known -> !known.isSettled()).isPresent()) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("The VM runs, or what its disk stands on is just being named anew.")
          .next("Stop it if it runs, and try again: ratoon vm stop " + wanted.name())
          .asException();
    }
    DesiredVm vm = record.standing(wanted);
    if (!free.tryAcquire()) {
      throw Problem.of(ErrorCode.BUSY, doing)
          .detail("Its host is exporting " + MOST_AT_ONCE + " disks already.")
          .next("Try again when one of them is done.")
          .asException();
    }
    try {
      return opened(vm, index, part, packed, doing);
    } catch (RuntimeException | Error e) {
      free.release();
      throw e;
    }
  }

  private DiskStream opened(DesiredVm vm, int index, DiskPart part, boolean packed, String doing) {
    if (!work.hasFolder(vm.id()) || index >= vm.disks().size()) {
      throw Problem.of(ErrorCode.NOT_FOUND, doing).detail("It is not on this host.").asException();
    }
    // In this order: a start that begins after the first look changes what the last look sees.
    Stillness stillness = Stillness.of(vm, index, work, folders, doing);
    VmDisk disk = VmDisk.of(vm, folders.of(vm.id()), index);
    requirePart(disk, part, doing);
    Optional<Base> base = disk.parent(caches);
    Supplier<VirtualDisk> opening =
        () ->
            part == DiskPart.BASE
                ? caches.open(base.orElseThrow())
                : VirtualDisks.open(disk.file(), disk.format(), rules(base));
    VirtualDisk source =
        base.isPresent() ? caches.openOn(base.get(), doing, opening) : opening.get();
    return new Export(doing, source, part, packed, base, stillness);
  }

  private OpenRules rules(Optional<Base> base) {
    int parents = base.map(known -> caches.chain(known).size()).orElse(0);
    return OpenRules.chain(1 + parents, List.of(), caches.witness());
  }

  private static void requirePart(VmDisk disk, DiskPart part, String doing) {
    if (part != DiskPart.WHOLE && !disk.isChild()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, doing)
          .detail(
              disk.wanted().base().isPresent()
                  ? "It is a whole copy of its base disk, not a child of it."
                  : "It was empty at first, so it has no base disk.")
          .next("Export the whole disk.")
          .asException();
    }
  }

  private final class Export implements DiskStream {
    private final String doing;
    private final VirtualDisk source;
    private final DiskPart part;
    private final boolean packed;
    private final Optional<Base> base;
    private final Stillness stillness;
    private final AtomicBoolean closed = new AtomicBoolean();

    Export(
        String doing,
        VirtualDisk source,
        DiskPart part,
        boolean packed,
        Optional<Base> base,
        Stillness stillness) {
      this.doing = doing;
      this.source = source;
      this.part = part;
      this.packed = packed;
      this.base = base;
      this.stillness = stillness;
    }

    @Override
    public void writeTo(OutputStream target) throws IOException {
      try {
        DiskSender.send(
            source,
            part,
            part == DiskPart.WHOLE ? Optional.empty() : base.map(Base::id),
            packed,
            this::requireTrue,
            target);
        LOG.info("Done: {} ({})", doing, part);
      } catch (RatoonException told) {
        LOG.warn("{}", told.problem().oneLine());
      }
    }

    private void requireTrue() {
      stillness.require();
      base.ifPresent(b -> caches.use(b.id(), Optional.of(b.path())));
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        free.release();
        source.close();
      }
    }
  }
}
