package dev.ratoon.cache.share;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * Puts a base on a share: written to a file of its own, synced, read back and compared with the
 * manifest chunk by chunk, and only then given the name under which others find it.
 */
final class Filling {
  /** A server whose disk is full to the last byte serves nobody well. */
  private static final long LEFT_FREE_BYTES = 64 << 20;

  private final ShareFiles files;
  private final Leases leases;
  private final Lease lease;
  private final Manifest manifest;
  private final Beat beat;

  Filling(ShareFiles files, Leases leases, Lease lease, Manifest manifest, Beat beat) {
    this.files = files;
    this.leases = leases;
    this.lease = lease;
    this.manifest = manifest;
    this.beat = beat;
  }

  /**
   * @param source a disk of that content, on this host
   * @throws IOException what the share says, or that it gave up
   */
  void run(VirtualDisk source, SharedContent.Progress progress) throws IOException {
    DiskId id = lease.id();
    String part = SharePaths.part(id, lease.nonce());
    if (files.look(SharePaths.content(id)).isPresent()) {
      return;
    }
    requireRoom();
    write(part, source, progress);
    new SharedContent(files, part, manifest, beat)
        .read(SharedContent.Chunks.NONE, SharedContent.Progress.NONE);
    leases.renew(lease);
    beat.step();
    if (!leases.isHeld(lease)) {
      throw new IOException("another host has taken over");
    }
    publishManifest(id);
    boolean _ = files.publish(part, SharePaths.content(id));
  }

  private void requireRoom() throws IOException {
    long needed = manifest.dataChunks() * Manifest.CHUNK_BYTES;
    long free = files.freeBytes();
    if (needed > free - LEFT_FREE_BYTES) {
      throw Problem.of(
              ErrorCode.DISK_FULL, "putting base disk " + lease.id().shortForm() + " on it")
          .detail(
              "It holds up to %s, and %s are free."
                  .formatted(ByteSize.show(needed), ByteSize.show(Math.max(0, free))))
          .next("Make room on the share.")
          .asException();
    }
  }

  private void write(String part, VirtualDisk source, SharedContent.Progress progress)
      throws IOException {
    MessageDigest sha256 = Digests.sha256();
    ByteBuffer buffer = ByteBuffer.allocateDirect(Limits.CHUNK_BYTES);
    try (ShareFiles.Writing writing = files.create(part)) {
      for (long c = manifest.nextData(0); c < manifest.chunks(); c = manifest.nextData(c + 1)) {
        long at = c * Manifest.CHUNK_BYTES;
        source.read(at, buffer.clear().limit(manifest.chunkBytes(c)));
        sha256.update(buffer.flip().duplicate());
        if (!manifest.matches(c, sha256.digest())) {
          throw Problem.of(ErrorCode.BASE_ALTERED, "reading base disk " + lease.id().shortForm())
              .detail("At %d this host's copy holds something else.".formatted(at))
              .asException();
        }
        writing.write(at, buffer);
        beat.step();
        progress.at(at, manifest.size());
      }
      writing.finish(manifest.size());
      beat.step();
    }
  }

  /** A manifest that is there already and is not the right one is of no use to anybody. */
  private void publishManifest(DiskId id) throws IOException {
    String name = SharePaths.manifest(id);
    String part = SharePaths.manifestPart(id, lease.nonce());
    files.createSmall(part, manifest::write);
    if (!files.publish(part, name) && !hasRightManifest()) {
      files.delete(name);
      boolean _ = files.publish(part, name);
    }
  }

  private boolean hasRightManifest() throws IOException {
    return ShareManifest.read(files, lease.id(), manifest.size()).isPresent();
  }
}
