package dev.ratoon.agent.adopt;

import dev.ratoon.agent.adopt.ChainFiles.Member;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.FileCheck;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.identity.Confirmed;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.AdoptedDisk.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes parents of files where they lie. QEMU is given only raw and plain qcow2 that Ratoon's own
 * reader has found sound, and only after nobody can change them any more: first a file is
 * protected, then it is made sure that nobody kept it open, then it is examined and read. One that
 * fails is given back at once.
 */
final class Placing {
  private final Tools tools;
  private final ChainFiles chains;
  private final DomainUse domains;

  Placing(Tools tools, ChainFiles chains, DomainUse domains) {
    this.tools = tools;
    this.chains = chains;
    this.domains = domains;
  }

  /** Why it cannot be a parent, as far as headers tell; empty if it may. */
  Optional<String> hindrance(Found disk) {
    Member own = disk.chain().getFirst();
    if (hasOtherNames(own.file())) {
      return Optional.of("It has other names (hard links), so it is only a source.");
    }
    return switch (own.format()) {
      case VHD, VHDX, VMDK ->
          Optional.of("QEMU is given raw and qcow2 files alone, so it is only a source.");
      case RAW -> unreachable(own.file());
      case QCOW2 ->
          unplain(own.file()).or(() -> unplaced(disk.chain())).or(() -> unreachable(own.file()));
    };
  }

  /** Under one of them it may be a VM's own disk, taken over from libvirt and switched off. */
  private static boolean hasOtherNames(Path file) {
    try {
      return !Files.getAttribute(file, "unix:nlink").equals(1);
    } catch (IOException gone) {
      return false;
    }
  }

  private static Optional<String> unplain(Path file) {
    Qcow2Header header = Qcow2Header.read(file);
    if (header.snapshots() > 0) {
      return Optional.of("It has internal snapshots, so it is only a source.");
    }
    if (header.encryption() != 0 || header.namesDataFile()) {
      return Optional.of("It is encrypted or has an external data file.");
    }
    return header.dirty() || header.corrupt()
        ? Optional.of("It is marked as not sound: qemu-img check -r all mends it.")
        : Optional.empty();
  }

  /** The file under it has to be a parent already, read in the same way. */
  private Optional<String> unplaced(List<Member> chain) {
    for (Member member : chain.subList(1, chain.size())) {
      boolean placed =
          tools
              .known()
              .find(member.file())
              .filter(known -> known.parent() && known.base().format() == member.format())
              .isPresent();
      if (!placed) {
        return Optional.of("The file under it, " + member.file() + ", is no parent in place.");
      }
    }
    return Optional.empty();
  }

  /** VMs do not run as root. */
  private static Optional<String> unreachable(Path file) {
    for (Path folder = file.getParent(); folder != null; folder = folder.getParent()) {
      try {
        if (!Files.getPosixFilePermissions(folder).contains(PosixFilePermission.OTHERS_EXECUTE)) {
          return Optional.of(
              "VMs cannot pass through " + folder + " (chmod o+x), so it is only a source.");
        }
      } catch (IOException unreadable) {
        return Optional.of(folder + " cannot be looked at.");
      }
    }
    return Optional.empty();
  }

  /**
   * Makes it a parent, or says why not and leaves it as it was. One that was a parent before, and
   * was altered, is one again if its content is what it was; if not it stays protected, because VMs
   * may stand on it.
   */
  Found place(Found disk, Progress progress) {
    Optional<DiskId> before = tools.ledger().find(disk.file()).flatMap(ParentFile::diskId);
    ParentFile entry = tools.protection().protect(disk.chain(), disk.sizeBytes());
    try {
      Optional<Found> refused = writtenMeanwhile(disk).or(() -> unsound(disk, progress));
      Found placed = refused.isPresent() ? refused.get() : confirmed(disk, entry, progress);
      if (placed.state() != State.PARENT && before.isEmpty()) {
        tools.protection().giveBack(entry);
      }
      return before.isPresent() && placed.state() != State.PARENT
          ? placed.with(State.CHANGED, placed.why())
          : placed;
    } catch (RatoonException failed) {
      if (before.isEmpty()) {
        tools.protection().giveBack(entry);
      }
      throw failed;
    }
  }

  /** No one opens it any more for writing; but who has it open goes on. */
  private Optional<Found> writtenMeanwhile(Found disk) {
    return Stamps.of(disk.file())
        .flatMap(stamp -> Writers.now().to(disk.file(), stamp))
        .or(() -> domains.writer(disk.file()))
        .map(why -> disk.with(State.IN_USE, why));
  }

  private static Optional<Found> unsound(Found disk, Progress progress) {
    Member own = disk.chain().getFirst();
    List<String> errors =
        FileCheck.of(own.file(), own.format(), 1, progress).stream()
            .filter(finding -> finding.severity() == Finding.Severity.ERROR)
            .map(Finding::what)
            .toList();
    return errors.isEmpty()
        ? Optional.empty()
        : Optional.of(disk.with(State.REFUSED, "It is not sound. " + errors.getFirst()));
  }

  private Found confirmed(Found disk, ParentFile entry, Progress progress) {
    Path file = disk.file();
    if (!ImmutableFlag.isSet(file)) {
      // Nothing but its times tells of a change here: they have to be able to.
      AdoptionRun.pause(Stamps.CLOCK_GRAIN);
    }
    try (VirtualDisk opened = chains.open(disk.chain())) {
      Optional<List<FileStamp>> stamps = Stamps.of(opened);
      Confirmed confirmed = tools.identification().confirmed(opened, progress);
      if (stamps.isEmpty()
          || !Stamps.of(opened).equals(stamps)
          || !Stamps.of(file).equals(Optional.of(stamps.get().getFirst()))) {
        return disk.with(State.IN_USE, "It was changed while it was read.");
      }
      if (entry.diskId().filter(id -> !id.equals(confirmed.diskId())).isPresent()) {
        return disk.with(
            State.CHANGED, "Its content now is that of " + confirmed.diskId().shortForm() + ".");
      }
      tools.manifests().keep(confirmed.manifest());
      tools.ledger().put(entry.confirmedAs(confirmed.diskId(), stamps.get().getFirst()));
      DiskFormat format = disk.chain().getFirst().format();
      Base base = new Base(confirmed.diskId(), file, format, disk.sizeBytes());
      tools.known().put(new KnownDisk(base, disk.chain(), stamps.get(), true));
      return disk.knownAs(confirmed.diskId(), State.PARENT, "");
    }
  }

  /** The parents that were confirmed in an earlier run of the agent, as they were then. */
  static List<KnownDisk> remembered(ParentLedger ledger, ManifestFolder manifests) {
    List<KnownDisk> remembered = new ArrayList<>();
    for (ParentFile entry : ledger.all()) {
      List<ParentFile> chain = new ArrayList<>();
      chain.add(entry);
      entry.parents().forEach(path -> ledger.find(Path.of(path)).ifPresent(chain::add));
      boolean whole =
          chain.size() == entry.parents().size() + 1
              && chain.stream().allMatch(each -> each.confirmed().isPresent())
              && manifests.has(entry.diskId().orElseThrow());
      if (whole) {
        remembered.add(
            new KnownDisk(
                new Base(
                    entry.diskId().orElseThrow(), entry.file(), entry.format(), entry.sizeBytes()),
                chain.stream().map(each -> new Member(each.file(), each.format())).toList(),
                chain.stream().map(each -> each.confirmed().orElseThrow()).toList(),
                true));
      }
    }
    return remembered;
  }
}
