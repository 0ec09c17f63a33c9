package dev.ratoon.cli.export;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Progress;
import dev.ratoon.cli.output.Words;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.stream.DiskStreamReader;
import dev.ratoon.disk.stream.DiskStreamReader.Received;
import dev.ratoon.disk.stream.StreamHeader;
import dev.ratoon.disk.stream.StreamTarget;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Fetches parts of one disk of a VM, and writes each into a new file. */
final class DiskFetch {
  /** The parent of a file to be written. */
  record Under(VirtualDisks.Parent parent, Manifest manifest) {}

  /**
   * A file to be written.
   *
   * @param under what an overlay is to lie on
   * @param leastSize of the disk in it, in bytes: a smaller one grows by zeros
   */
  record Target(Path file, Optional<Under> under, CreateOptions options, long leastSize) {}

  /** A file that is whole, even if it does not have its name yet. */
  record Fetched(ExportedFile file, Manifest manifest) {}

  private final Session session;
  private final VmView vm;
  private final int disk;
  private final NewFiles files;
  private final Progress progress;

  DiskFetch(Session session, VmView vm, int disk, NewFiles files, Progress progress) {
    this.session = session;
    this.vm = vm;
    this.disk = disk;
    this.files = files;
    this.progress = progress;
  }

  /**
   * Writes one part.
   *
   * @param base the id that the stream has to name; empty for the whole disk
   */
  Fetched fetch(DiskPart part, Optional<DiskId> base, Target target) {
    String name = "disk " + disk + " of " + vm.name();
    String doing = "exporting " + name;
    // By its id: another VM may have the name by now.
    Params params =
        Params.of("vm", vm.id())
            .with("disk", disk)
            .with("part", part.name().toLowerCase(Locale.ROOT))
            .with("packed", !session.client().onThisMachine());
    return session.client().stream(
        VmEndpoints.VM_EXPORT,
        params,
        doing,
        body -> {
          DiskStreamReader reader = DiskStreamReader.open(body, name);
          requireAsked(reader.header(), part, base, doing);
          return write(reader, target);
        });
  }

  private static void requireAsked(
      StreamHeader header, DiskPart part, Optional<DiskId> base, String doing) {
    if (header.part() != part || !header.base().equals(base)) {
      throw Problem.of(ErrorCode.INTERNAL, doing)
          .detail("The server sends something other than was asked for.")
          .next("Server and command line may be of different versions: 'ratoon --version'.")
          .asException();
    }
  }

  private Fetched write(DiskStreamReader reader, Target target) throws IOException {
    StreamHeader header = reader.header();
    Rate rate = new Rate(progress, "export " + target.file().getFileName(), header.size());
    Manifest manifest;
    long size;
    try (WritableDisk written = files.make(target.file(), draft -> make(draft, header, target))) {
      Received received = reader.readInto(new Told(new StreamTarget(written, header.part()), rate));
      manifest = manifest(written, header, received, target);
      size = written.size();
    }
    rate.done();
    long stored = StoredBytes.of(NewFiles.draftOf(target.file()));
    return new Fetched(
        new ExportedFile(
            target.file().toString(),
            header.part(),
            target.options().format().word(),
            size,
            stored,
            manifest.id(),
            false),
        manifest);
  }

  private static WritableDisk make(Path draft, StreamHeader header, Target target) {
    return VirtualDisks.create(
        draft,
        Math.max(header.size(), target.leastSize()),
        target.under().map(Under::parent),
        target.options());
  }

  /** Of what the file now reads as: with its parent, and with zeros that it has grown by. */
  private static Manifest manifest(
      WritableDisk written, StreamHeader header, Received received, Target target) {
    if (target.under().isPresent()) {
      return Manifests.ofChild(
          written, target.under().get().manifest(), 2, dev.ratoon.disk.Progress.NONE);
    }
    return written.size() == header.size()
        ? received.manifest().orElseThrow()
        : Manifests.of(written, 1, dev.ratoon.disk.Progress.NONE);
  }

  /** Uses a base that is there already, if it is the right one. */
  Fetched found(KnownBase known) {
    String subject = "verify " + known.file().getFileName();
    progress.show(subject, Words.size(known.size()), "");
    KnownBase.Verified verified = known.verify();
    progress.end(subject, "it is the right one");
    return new Fetched(
        new ExportedFile(
            known.file().toString(),
            DiskPart.BASE,
            known.format().word(),
            verified.size(),
            StoredBytes.of(known.file()),
            verified.manifest().id(),
            true),
        verified.manifest());
  }

  /** Hands on what it hears, and says how far it is. */
  private record Told(DiskStreamReader.Sink sink, Rate rate) implements DiskStreamReader.Sink {
    @Override
    public void data(long offset, ByteBuffer bytes) {
      int length = bytes.remaining();
      sink.data(offset, bytes);
      rate.reached(offset + length, length);
    }

    @Override
    public void zero(long offset, long length) {
      sink.zero(offset, length);
      rate.reached(offset + length, 0);
    }
  }
}
