package dev.ratoon.server.library;

import dev.ratoon.cache.Upload;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;

/** Receives one upload, and leaves the disk some room for what must go on besides. */
final class Receiver {
  /** What an upload leaves free on the disk: VMs and the database write there as well. */
  private static final long KEPT_FREE = 256 * ByteSize.MIB;

  private static final long LOOK_EVERY = 64 * ByteSize.MIB;

  private final Upload upload;
  private final ImportRequest request;

  Receiver(Upload upload, ImportRequest request) {
    this.upload = upload;
    this.request = request;
  }

  /** Returns how many bytes have come. */
  long receive(Incoming content, ImportSteps steps) {
    long total = content.length().orElse(0);
    long done = 0;
    try {
      FileStore store = Files.getFileStore(upload.path());
      requireRoom(store, total);
      long lookAt = LOOK_EVERY;
      for (long count = content.drainTo(upload.channel());
          count >= 0;
          count = content.drainTo(upload.channel())) {
        done += count;
        steps.uploaded(done, total);
        if (done >= lookAt) {
          lookAt = done + LOOK_EVERY;
          requireRoom(store, Math.max(0, total - done));
        }
      }
    } catch (Incoming.Broken broken) {
      throw interrupted(done, total).asException(broken);
    } catch (IOException failed) {
      throw unwritable(failed);
    }
    if (total > 0 && done != total) {
      throw interrupted(done, total).asException();
    }
    return done;
  }

  private void requireRoom(FileStore store, long coming) throws IOException {
    long free = store.getUsableSpace();
    if (free - coming < KEPT_FREE) {
      throw full(ByteSize.show(free)
              + " are free, of which "
              + ByteSize.show(KEPT_FREE)
              + " stay free.")
          .asException();
    }
  }

  private RatoonException unwritable(IOException failed) {
    String why = String.valueOf(failed.getMessage());
    return why.contains("No space left")
        ? full("The disk is full.").asException(failed)
        : Problem.of(ErrorCode.FILE_UNWRITABLE, "writing " + upload.path())
            .detail(why)
            .asException(failed);
  }

  private Problem full(String why) {
    return Problem.of(ErrorCode.DISK_FULL, "receiving '" + request.fileName() + "'")
        .detail(why)
        .next("Free space where Ratoon keeps its data, then add the image again.");
  }

  private Problem interrupted(long done, long total) {
    return Problem.of(ErrorCode.UPLOAD_INTERRUPTED, "receiving '" + request.fileName() + "'")
        .detail(
            "The connection was lost after "
                + ByteSize.show(done)
                + (total > 0 ? " of " + ByteSize.show(total) : "")
                + ".")
        .next("Add the image again.");
  }
}
