package dev.ratoon.server.inventory;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.SmbLocation;
import dev.ratoon.protocol.api.ShareRequest;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Where a share is, checked, and always written in the same way. */
final class ShareLocation {
  private static final int MOST_CHARACTERS = 1024;

  private ShareLocation() {}

  /**
   * @throws RatoonException {@code invalid-value}
   */
  static String of(ShareRequest request, String doing) {
    if (request.location().length() > MOST_CHARACTERS) {
      throw wrong(doing, "Its location is too long.", "");
    }
    boolean smb = request.kind() == ShareKind.SMB;
    if (smb && request.credentials().isEmpty()) {
      throw wrong(doing, "There are no credentials.", "Name a file with them: --credentials FILE");
    }
    if (!smb && request.credentials().isPresent()) {
      throw wrong(doing, "A share that is mounted needs no credentials.", "Leave them out.");
    }
    return smb
        ? SmbLocation.parse(request.location()).toString()
        : mounted(request.location(), doing);
  }

  private static String mounted(String text, String doing) {
    try {
      Path path = Path.of(text);
      if (path.isAbsolute() && path.equals(path.normalize()) && path.getNameCount() > 0) {
        return path.toString();
      }
    } catch (InvalidPathException invalid) {
      throw wrong(doing, "'" + text + "' is not a path.", "");
    }
    throw wrong(
        doing, "'" + text + "' is not an absolute path.", "Write it like this: /mnt/vmCache");
  }

  private static RatoonException wrong(String doing, String why, String next) {
    return Problem.of(ErrorCode.INVALID_VALUE, doing).detail(why).next(next).asException();
  }
}
