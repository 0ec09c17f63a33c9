package dev.ratoon.cache;

import dev.ratoon.disk.manifest.Manifest;
import java.nio.ByteBuffer;

/**
 * The content of a base that does not lie in the cache's folder, open for reading by any number of
 * threads: in operators' files, or on a share.
 */
public interface BaseContent extends AutoCloseable {

  Manifest manifest();

  /**
   * Fills {@code target} from its position to its limit.
   *
   * @throws dev.ratoon.model.RatoonException {@code base-altered} if its files are not as they were
   *     confirmed; {@code file-unreadable}, {@code share-unavailable}
   */
  void read(long offset, ByteBuffer target);

  @Override
  void close();
}
