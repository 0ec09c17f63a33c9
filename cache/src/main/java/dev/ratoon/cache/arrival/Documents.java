package dev.ratoon.cache.arrival;

import dev.ratoon.cache.arrival.ArrivalListener.Reason;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Reads a manifest or fingerprints from a source, on another thread that is left alone when the
 * source falls silent.
 */
final class Documents {
  private static final long MOST_SILENT_NANOS = 3_000_000_000L;
  private static final long LOOK_MILLIS = 10;

  private final SourceLinks links;
  private final Runnable checkNotStopped;

  /** Reads a document. */
  interface Reader<T> {
    /**
     * @throws RatoonException if what comes is not what it should be; and as writing files does
     */
    T read(InputStream source) throws IOException;
  }

  /** Which document is read. */
  interface Document {
    Optional<InputStream> of(Feed feed) throws IOException;
  }

  Documents(SourceLinks links, Runnable checkNotStopped) {
    this.links = links;
    this.checkNotStopped = checkNotStopped;
  }

  /** The sources that can be asked, in the order in which they should be. */
  List<SourceLink> sources() {
    return links.open().stream()
        .sorted(Comparator.comparingInt(link -> rank(link.source().kind())))
        .toList();
  }

  /** Arriving peers may not have them yet. */
  private static int rank(Source.Kind kind) {
    return switch (kind) {
      case SHARE -> 0;
      case READY_PEER -> 1;
      case LIBRARY -> 2;
      case ARRIVING_PEER -> 3;
    };
  }

  /**
   * Reads a document of one source. One that lies, fails or says nothing is left.
   *
   * @return empty if the source has no such document, or was left
   */
  <T> Optional<T> read(SourceLink link, Document document, Reader<T> reader) {
    Optional<Feed> feed = link.feed();
    if (feed.isEmpty()) {
      return Optional.empty();
    }
    Watched watched = new Watched(links.clock());
    CompletableFuture<Optional<T>> reading = new CompletableFuture<>();
    Thread thread =
        Thread.ofVirtual()
            .name("arrival-document")
            .start(() -> readInto(reading, feed.get(), document, reader, watched));
    while (!reading.isDone()) {
      checkNotStopped.run();
      if (watched.silentNanos() > MOST_SILENT_NANOS) {
        thread.interrupt();
        links.leave(
            link, Reason.SILENT, SourceProblems.of(links.id(), link.source(), "It says nothing."));
        watched.close();
        return Optional.empty();
      }
      links.tick();
      links.await(LOOK_MILLIS);
    }
    try {
      return reading.join();
    } catch (CompletionException failed) {
      Throwable cause = failed.getCause();
      return leave(link, cause == null ? failed : cause);
    }
  }

  private <T> void readInto(
      CompletableFuture<Optional<T>> reading,
      Feed feed,
      Document document,
      Reader<T> reader,
      Watched watched) {
    try {
      Optional<InputStream> source = document.of(feed);
      if (source.isEmpty()) {
        reading.complete(Optional.empty());
        return;
      }
      try (InputStream stream = watched.watch(source.get())) {
        reading.complete(Optional.of(reader.read(stream)));
      }
    } catch (IOException | RuntimeException | Error failed) {
      reading.completeExceptionally(failed);
    } finally {
      links.wake();
    }
  }

  private <T> Optional<T> leave(SourceLink link, Throwable failed) {
    switch (failed) {
      case RatoonException e when isOurOwn(e.problem().code()) -> throw e;
      case RatoonException e -> links.leave(link, reason(e.problem().code()), e.problem());
      case IOException e ->
          links.leave(
              link,
              Reason.FAILED,
              SourceProblems.of(links.id(), link.source(), String.valueOf(e.getMessage())));
      case RuntimeException e -> throw e;
      default -> throw new IllegalStateException(failed);
    }
    return Optional.empty();
  }

  /** What ends too early was cut off; whatever else is wrong is a lie. */
  private static Reason reason(ErrorCode code) {
    return code == ErrorCode.IMAGE_TRUNCATED ? Reason.FAILED : Reason.WRONG_CONTENT;
  }

  /** Whether it is this host that is to blame. */
  private static boolean isOurOwn(ErrorCode code) {
    return code == ErrorCode.DISK_FULL
        || code == ErrorCode.FILE_UNWRITABLE
        || code == ErrorCode.FILE_UNREADABLE
        || code == ErrorCode.INTERRUPTED;
  }

  static RatoonException wrong(String doing, String why) {
    return Problem.of(ErrorCode.IMAGE_CORRUPT, doing).detail(why).asException();
  }

  /** Knows how long the source has kept us waiting, and can end that. */
  private static final class Watched {
    private final NanoClock clock;
    private volatile boolean waiting = true;
    private volatile long waitingSince;
    private volatile Optional<InputStream> stream = Optional.empty();

    Watched(NanoClock clock) {
      this.clock = clock;
      this.waitingSince = clock.nanos();
    }

    /** 0 while it is we who work. */
    long silentNanos() {
      return waiting ? clock.nanos() - waitingSince : 0;
    }

    private void begin() {
      waitingSince = clock.nanos();
      waiting = true;
    }

    InputStream watch(InputStream source) {
      stream = Optional.of(source);
      waiting = false;
      return new FilterInputStream(source) {
        @Override
        public int read() throws IOException {
          begin();
          int value = super.read();
          waiting = false;
          return value;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
          begin();
          int count = super.read(target, offset, length);
          waiting = false;
          return count;
        }
      };
    }

    void close() {
      stream.ifPresent(Watched::closeElsewhere);
    }

    /** Closing may hang as reading did. */
    private static void closeElsewhere(InputStream open) {
      Thread.ofVirtual()
          .start(() -> {
            try {
              open.close();
            } catch (IOException itWasLeft) {
              // nobody reads it any more
            }
          });
    }
  }
}
