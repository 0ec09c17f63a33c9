package dev.ratoon.cli.vm;

import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.api.DiskRequest;
import java.util.Optional;

/**
 * A disk as one word: {@code image=NAME}, {@code size=50G,differencing=off}, {@code
 * image=NAME,parent-path=/mnt/cache}.
 */
final class DiskSyntax {
  private DiskSyntax() {}

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if it is no disk
   */
  static DiskRequest parse(String text) {
    Optional<ImageRef> image = Optional.empty();
    Optional<Long> size = Optional.empty();
    Optional<Boolean> differencing = Optional.empty();
    Optional<String> parentPath = Optional.empty();
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      String value = part.substring(equals + 1);
      switch (equals < 0 ? "" : part.substring(0, equals)) {
        case "image" -> image = once(text, image, ImageRef.parse(value));
        case "size" -> size = once(text, size, ByteSize.parse(value));
        case "differencing" ->
            differencing = once(text, differencing, Words.onOff("differencing", value));
        case "parent-path" -> parentPath = once(text, parentPath, value);
        default -> throw invalid(text);
      }
    }
    if (image.isEmpty() && size.isEmpty()) {
      throw invalid(text);
    }
    return new DiskRequest(image, size, differencing, parentPath);
  }

  private static <T> Optional<T> once(String text, Optional<T> before, T value) {
    if (before.isPresent()) {
      throw invalid(text);
    }
    return Optional.of(value);
  }

  private static RatoonException invalid(String text) {
    return Problem.of(ErrorCode.INVALID_VALUE, "reading the disk '" + text + "'")
        .next(
            "Write image=NAME[:TAG] or size=SIZE or both, and if wanted differencing=on|off and"
                + " parent-path=FOLDER, separated by commas.")
        .asException();
  }
}
