package dev.ratoon.server.library;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;

/**
 * An image to be imported.
 *
 * @param fileName what the user calls the file, for messages
 */
public record ImportRequest(
    String tenant,
    ImageRef image,
    String fileName,
    Firmware firmware,
    long minimumMemoryBytes,
    boolean differencing) {
  private static final int MAX_FILE_NAME = 255;

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if the file's name is
   *     too long or the memory is out of bounds
   */
  public ImportRequest {
    if (fileName.length() > MAX_FILE_NAME
        || minimumMemoryBytes < 0
        || minimumMemoryBytes > ByteSize.TIB) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading what to import")
          .next("The file's name has at most 255 characters, the memory is 0 to 1 TiB.")
          .asException();
    }
  }
}
