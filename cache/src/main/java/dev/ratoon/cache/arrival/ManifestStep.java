package dev.ratoon.cache.arrival;

import dev.ratoon.cache.IncomingBase;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;

/** The first step of an arrival: the manifest, which tells everything else. It is its id. */
final class ManifestStep {
  private static final int MOST_BYTES_A_CHUNK = Manifest.DIGEST_BYTES + Integer.BYTES;
  private static final int OTHER_BYTES = 1024;
  private static final long LOOK_MILLIS = 20;

  private final IncomingBase incoming;
  private final long sizeBytes;
  private final SourceLinks links;
  private final Duration patience;
  private final Runnable checkNotStopped;

  ManifestStep(
      IncomingBase incoming,
      long sizeBytes,
      SourceLinks links,
      Duration patience,
      Runnable checkNotStopped) {
    this.incoming = incoming;
    this.sizeBytes = sizeBytes;
    this.links = links;
    this.patience = patience;
    this.checkNotStopped = checkNotStopped;
  }

  /**
   * The manifest of the base, also in the cache's folder.
   *
   * @throws RatoonException if no source has it
   */
  Manifest run() {
    Optional<Manifest> kept = kept();
    if (kept.isPresent()) {
      return checked(kept.get());
    }
    long since = links.clock().nanos();
    Documents documents = new Documents(links, checkNotStopped);
    while (true) {
      for (SourceLink link : documents.sources()) {
        Optional<Manifest> come =
            documents.read(link, feed -> Optional.of(feed.manifest()), this::read);
        if (come.isPresent()) {
          keep(come.get());
          return checked(come.get());
        }
      }
      checkNotStopped.run();
      long waited = links.clock().nanos() - since;
      if (waited > patience.toNanos() || links.allBanned()) {
        throw links.exhausted(waited);
      }
      links.tick();
      links.await(LOOK_MILLIS);
    }
  }

  private Optional<Manifest> kept() {
    if (!Files.exists(incoming.manifest())) {
      return Optional.empty();
    }
    try {
      return Optional.of(Manifest.read(incoming.manifest()))
          .filter(manifest -> manifest.id().equals(incoming.id()));
    } catch (RatoonException damaged) {
      return Optional.empty();
    }
  }

  private Manifest read(InputStream source) throws IOException {
    String doing = "reading the manifest of base disk " + incoming.id().shortForm();
    long most = OTHER_BYTES + (sizeBytes / Manifest.CHUNK_BYTES + 1) * MOST_BYTES_A_CHUNK;
    Manifest manifest = Manifest.read(new BoundedInput(source, most), "from a source");
    if (!manifest.id().equals(incoming.id())) {
      throw Documents.wrong(doing, "It is that of " + manifest.id().shortForm() + ".");
    }
    return manifest;
  }

  private Manifest checked(Manifest manifest) {
    if (manifest.size() != sizeBytes) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "bringing base disk " + incoming.id().shortForm())
          .detail("It has %d bytes, not %d.".formatted(manifest.size(), sizeBytes))
          .next("Whoever named it knows another size; look at the image in the library.")
          .asException();
    }
    return manifest;
  }

  private void keep(Manifest manifest) {
    try {
      Files.deleteIfExists(incoming.manifestDraft());
      manifest.write(incoming.manifestDraft());
      try (FileChannel draft =
          FileChannel.open(incoming.manifestDraft(), StandardOpenOption.WRITE)) {
        draft.force(true);
      }
      Files.move(incoming.manifestDraft(), incoming.manifest(), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw Faults.unwritable(incoming.manifest(), e);
    }
  }
}
