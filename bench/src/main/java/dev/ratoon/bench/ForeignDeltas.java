package dev.ratoon.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/** What others would send of a new version to who has the old one, and what it costs them. */
final class ForeignDeltas {
  private final Path old;
  private final Path folder;
  private final Map<Path, Long> oldChunks;

  /**
   * What it takes casync.
   *
   * @param chunkBytes of the chunks that are not the old version's, as its store keeps them: packed
   *     with zstd
   * @param indexBytes of the list of chunks
   * @param cpuSeconds of extracting with the old version as a seed
   */
  record Casync(long chunkBytes, long indexBytes, double cpuSeconds) {}

  ForeignDeltas(Path old, Path folder) throws IOException, InterruptedException {
    this.old = old;
    this.folder = folder;
    make("old", old);
    this.oldChunks = chunks("old");
  }

  /** By its usual settings: chunks of 64 KiB on average. */
  Casync casync(String name, Path version) throws IOException, InterruptedException {
    make(name, version);
    long bytes =
        chunks(name).entrySet().stream()
            .filter(chunk -> !oldChunks.containsKey(chunk.getKey()))
            .mapToLong(Map.Entry::getValue)
            .sum();
    Path extracted = folder.resolve("extracted.raw");
    Tool.Cost extract =
        Tool.measure(
            "casync",
            "extract",
            "--store=" + store(name),
            "--seed=" + old,
            index(name).toString(),
            extracted.toString());
    Tool.run("cmp", version.toString(), extracted.toString());
    Files.delete(extracted);
    long indexBytes = Files.size(index(name));
    Scratch.remove(store(name));
    return new Casync(bytes, indexBytes, extract.cpuSeconds());
  }

  /** Bytes of {@code zstd -3} of the whole. */
  long whole(Path version) throws IOException, InterruptedException {
    return zstd(version, "-3");
  }

  /** Bytes of {@code zstd --patch-from}. */
  long patch(Path version) throws IOException, InterruptedException {
    return zstd(version, "-3", "--long=31", "--patch-from=" + old);
  }

  private long zstd(Path version, String... options) throws IOException, InterruptedException {
    Path packed = folder.resolve("packed.zst");
    var command = new java.util.ArrayList<>(java.util.List.of("zstd", "-q", "-f"));
    command.addAll(java.util.List.of(options));
    command.addAll(java.util.List.of(version.toString(), "-o", packed.toString()));
    Tool.run(command);
    long bytes = Files.size(packed);
    Files.delete(packed);
    return bytes;
  }

  private void make(String name, Path version) throws IOException, InterruptedException {
    Tool.run(
        "casync", "make", "--store=" + store(name), index(name).toString(), version.toString());
  }

  private Path store(String name) {
    return folder.resolve(name + ".castr");
  }

  private Path index(String name) {
    return folder.resolve(name + ".caibx");
  }

  private Map<Path, Long> chunks(String name) throws IOException {
    Map<Path, Long> sizes = new HashMap<>();
    try (Stream<Path> files = Files.walk(store(name))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        sizes.put(file.getFileName(), Files.size(file));
      }
    }
    return sizes;
  }
}
