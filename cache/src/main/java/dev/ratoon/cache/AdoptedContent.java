package dev.ratoon.cache;

import dev.ratoon.disk.manifest.Manifest;
import java.nio.ByteBuffer;

/** The content of an adopted base, open for reading by any number of threads. */
public interface AdoptedContent extends AutoCloseable {

  Manifest manifest();

  /**
   * Fills {@code target} from its position to its limit.
   *
   * @throws dev.ratoon.model.RatoonException {@code base-altered} if its files are not as they were
   *     confirmed; {@code file-unreadable}
   */
  void read(long offset, ByteBuffer target);

  @Override
  void close();
}
