package dev.ratoon.lab;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The guest images of {@code lab/guest}, built once and kept under lab/target. */
public final class GuestImages {
  private GuestImages() {}

  /** The small guest: up in seconds, with a shell on its console. */
  public static synchronized Path small() {
    return built("small");
  }

  /** Debian with cloud-init; takes a minute and needs root. */
  public static synchronized Path debian() {
    return built("debian");
  }

  private static Path built(String name) {
    Path folder = Checkout.root().resolve("lab/target");
    Path image = folder.resolve(name + ".qcow2");
    Path script = Checkout.root().resolve("lab/guest/" + name + ".sh");
    Path lock = folder.resolve(name + ".lock");
    // Several of these may run side by side.
    try (FileChannel channel = open(lock);
        FileLock _ = channel.lock()) {
      Shell.run(Map.of(), List.of(script.toString(), image.toString())).orFail();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return image;
  }

  private static FileChannel open(Path lock) throws IOException {
    Files.createDirectories(lock.getParent());
    return FileChannel.open(lock, CREATE, WRITE);
  }
}
