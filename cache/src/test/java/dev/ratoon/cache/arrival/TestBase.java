package dev.ratoon.cache.arrival;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.blocks.FingerprintDraft;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** A base disk in memory, with all that a source can send of it. */
final class TestBase {
  static final int CHUNK = 1 << 16;
  static final int BLOCK = 1 << 12;

  private final byte[] content;
  private final Manifest manifest;
  private final byte[] manifestBytes;
  private final byte[] list;

  TestBase(byte[] content, Manifest manifest, byte[] manifestBytes, byte[] list) {
    this.content = content;
    this.manifest = manifest;
    this.manifestBytes = manifestBytes;
    this.list = list;
  }

  byte[] content() {
    return content;
  }

  Manifest manifest() {
    return manifest;
  }

  byte[] manifestBytes() {
    return manifestBytes;
  }

  /** The fingerprints in the form that travels. */
  byte[] list() {
    return list;
  }

  /** Random content, a quarter of its chunks and an eighth of the blocks of the others zero. */
  static TestBase random(Path folder, int size, long seed) throws IOException {
    Random random = new Random(seed);
    byte[] content = new byte[size];
    random.nextBytes(content);
    for (int at = 0; at < size; at += CHUNK) {
      if (random.nextInt(4) == 0) {
        zero(content, at, CHUNK);
      }
    }
    for (int at = 0; at < size; at += BLOCK) {
      if (random.nextInt(8) == 0) {
        zero(content, at, BLOCK);
      }
    }
    return of(folder, content);
  }

  private static void zero(byte[] content, int at, int length) {
    java.util.Arrays.fill(content, at, Math.min(content.length, at + length), (byte) 0);
  }

  /** This one with other blocks here and there, a quarter of them zeros, and one chunk emptied. */
  TestBase upgraded(Path folder, int size, int blocks, long seed) throws IOException {
    Random random = new Random(seed);
    byte[] changed = java.util.Arrays.copyOf(content, size);
    byte[] block = new byte[BLOCK];
    for (int i = 0; i < blocks; i++) {
      int at = random.nextInt(size / BLOCK) * BLOCK;
      random.nextBytes(block);
      System.arraycopy(random.nextInt(4) == 0 ? new byte[BLOCK] : block, 0, changed, at, BLOCK);
    }
    zero(changed, random.nextInt(size / CHUNK) * CHUNK, CHUNK);
    return of(folder, changed);
  }

  static TestBase of(Path folder, byte[] content) throws IOException {
    Path raw = Files.createTempFile(folder, "base", ".raw");
    Path blocks = raw.resolveSibling(raw.getFileName() + ".blocks");
    try {
      Files.write(raw, content);
      Manifest manifest;
      try (VirtualDisk disk = VirtualDisks.open(raw, DiskFormat.RAW, OpenRules.chain(1))) {
        manifest = Manifests.of(disk, 1, Progress.NONE);
      }
      FingerprintDraft.compute(raw, manifest, 1, raw.resolveSibling("draft"), blocks);
      ByteArrayOutputStream manifestBytes = new ByteArrayOutputStream();
      manifest.write(manifestBytes);
      ByteArrayOutputStream list = new ByteArrayOutputStream();
      try (BlockFingerprints fingerprints = BlockFingerprints.open(blocks)) {
        fingerprints.write(list);
      }
      return new TestBase(content, manifest, manifestBytes.toByteArray(), list.toByteArray());
    } finally {
      Files.deleteIfExists(raw);
      Files.deleteIfExists(blocks);
    }
  }

  DiskId id() {
    return manifest.id();
  }

  long chunks() {
    return manifest.chunks();
  }

  long dataBytes() {
    long bytes = 0;
    for (long c = manifest.nextData(0); c < chunks(); c = manifest.nextData(c + 1)) {
      bytes += manifest.chunkBytes(c);
    }
    return bytes;
  }

  /** The blocks that are asked for, one behind another. */
  byte[] answer(ChunkRequest request) {
    ByteArrayOutputStream answer = new ByteArrayOutputStream(request.bytes());
    for (int i = 0; i < CHUNK / BLOCK; i++) {
      long at = request.chunk() * CHUNK + (long) i * BLOCK;
      if ((request.blocks() >>> i & 1) != 0 && at < content.length) {
        answer.write(content, (int) at, (int) Math.min(BLOCK, content.length - at));
      }
    }
    return answer.toByteArray();
  }
}
