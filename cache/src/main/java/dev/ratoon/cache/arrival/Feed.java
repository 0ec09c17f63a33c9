package dev.ratoon.cache.arrival;

import dev.ratoon.model.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What one source delivers of one base. Many chunks may be asked for at once; how many it is asked
 * for follows from how fast it is, and from how much room it has.
 */
public interface Feed extends AutoCloseable {

  /**
   * The base's manifest. Blocks; closing the stream, from another thread, ends reading it.
   *
   * @throws IOException if the source has none or cannot be reached
   */
  InputStream manifest() throws IOException;

  /** The base's block fingerprints in the form that travels, if it has them; else as above. */
  Optional<InputStream> fingerprints() throws IOException;

  /**
   * How many more requests it can take at present. Whoever asks more than that is told that it is
   * busy, and a source that says so is left in peace for a while: for one that is only fast, that
   * would be far too long. Quick, and calls nobody back.
   */
  default int room() {
    return Integer.MAX_VALUE;
  }

  /**
   * Whether the threads that bring answers have nothing better to do, and are never interrupted:
   * then what arrives is verified and written on them, and need not be copied for a worker.
   */
  default boolean threadsAreFree() {
    return false;
  }

  /**
   * Asks for a chunk, or some blocks of it. Returns at once. {@code reply} hears exactly one thing,
   * from any thread, even from within this call; after {@link Fetch#cancel} it may hear nothing.
   * The source may be asked only when {@link #flush} is called, so that several requests travel
   * together.
   */
  Fetch fetch(ChunkRequest request, Reply reply);

  /** Asks for what was to be fetched. Quick. */
  default void flush() {}

  /** Ends all requests. */
  @Override
  void close();

  /** A request that is under way. */
  interface Fetch {
    /** The answer is no longer needed. It does no harm if it comes all the same. */
    void cancel();
  }

  /** What a request led to. */
  interface Reply {
    /**
     * The bytes that were asked for: the blocks one behind another, from the buffer's position to
     * its limit. They are not needed any more when this returns, which is soon unless the feed's
     * {@linkplain Feed#threadsAreFree() threads are free}.
     */
    void arrived(ByteBuffer content);

    /**
     * Another host was given the chunk a moment ago, and will have it soon. Only if the request was
     * {@linkplain ChunkRequest#sparing() sparing}.
     */
    void elsewhere();

    /** This request failed; others may not. {@code BUSY} if it may be made again soon. */
    void failed(Problem why);
  }
}
