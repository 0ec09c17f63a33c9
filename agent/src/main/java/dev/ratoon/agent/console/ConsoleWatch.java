package dev.ratoon.agent.console;

import dev.ratoon.model.VmId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the consoles of VMs that were just started for the first sign of a running userland: a
 * login prompt, the end of cloud-init, or the line that Ratoon's own small guest prints. One thread
 * looks at all of them, and only while there are any; a guest that shows no sign within the
 * patience is given up.
 */
public final class ConsoleWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConsoleWatch.class);
  private static final Pattern USERLAND =
      Pattern.compile(
          "ratoon-guest: userland is up|(?m)^\\S+ login: *$|Cloud-init v\\. .* finished at|Reached"
              + " target .*Multi-User");
  private static final Duration INTERVAL = Duration.ofMillis(40);
  private static final Duration PATIENCE = Duration.ofMinutes(15);
  private static final int PIECE = 64 * 1024;
  private static final int KEPT_CHARACTERS = 512;

  private final InstantSource clock;
  private final Map<VmId, Watched> watched = new ConcurrentHashMap<>();
  private final Object wake = new Object();
  private final Thread thread;
  private volatile boolean closed;

  public ConsoleWatch(InstantSource clock) {
    this.clock = clock;
    this.thread = Thread.ofVirtual().name("console-watch").start(this::run);
  }

  /**
   * Calls {@code seen} once, with the moment, when the console shows a running userland.
   *
   * @param from where in the log to begin
   */
  public void await(VmId vm, Path log, long from, Consumer<Instant> seen) {
    watched.putIfAbsent(vm, new Watched(log, from, System.nanoTime(), seen));
    synchronized (wake) {
      wake.notifyAll();
    }
  }

  /** Stops watching this VM. */
  public void forget(VmId vm) {
    watched.remove(vm);
  }

  private void run() {
    try {
      while (!closed) {
        synchronized (wake) {
          while (watched.isEmpty() && !closed) {
            wake.wait();
          }
        }
        watched.forEach(this::look);
        Thread.sleep(INTERVAL);
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  private void look(VmId vm, Watched console) {
    try {
      if (console.showsUserland()) {
        watched.remove(vm, console);
        console.seen.accept(clock.instant());
      } else if (System.nanoTime() - console.sinceNanos > PATIENCE.toNanos()) {
        watched.remove(vm, console);
      }
    } catch (IOException | RuntimeException unreadable) {
      watched.remove(vm, console);
      LOG.warn("The console log {} cannot be read: {}", console.log, unreadable.getMessage());
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }

  private static final class Watched {
    private final Path log;
    private final long sinceNanos;
    private final Consumer<Instant> seen;
    private long offset;
    private String tail = "";

    Watched(Path log, long from, long sinceNanos, Consumer<Instant> seen) {
      this.log = log;
      this.offset = from;
      this.sinceNanos = sinceNanos;
      this.seen = seen;
    }

    boolean showsUserland() throws IOException {
      if (!Files.exists(log)) {
        return false;
      }
      try (FileChannel in = FileChannel.open(log, StandardOpenOption.READ)) {
        if (in.size() < offset) {
          offset = 0; // the log was rotated
        }
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        while (in.read(piece, offset) > 0) {
          offset += piece.position();
          piece.flip();
          String text =
              tail + StandardCharsets.ISO_8859_1.decode(piece).toString().replace("\r", "");
          if (USERLAND.matcher(text).find()) {
            return true;
          }
          tail = text.substring(Math.max(0, text.length() - KEPT_CHARACTERS));
          piece.clear();
        }
        return false;
      }
    }
  }
}
