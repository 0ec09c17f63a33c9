package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;

/**
 * Another folder of its host for the files that a VM writes itself.
 *
 * @param disk the one disk that is meant, counted from 0; empty for all whose files can move
 * @param folder one of those in which the host lets disks lie, by its absolute path
 */
public record MoveFileRequest(Optional<Integer> disk, String folder) {
  private static final int MOST_LETTERS = 1000;

  /**
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if there can be no
   *     such disk or folder
   */
  public MoveFileRequest {
    if (disk.filter(number -> number < 0).isPresent()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the disk's number " + disk.get())
          .next("Disks are counted from 0.")
          .asException();
    }
    if (!folder.startsWith("/") || folder.length() > MOST_LETTERS || folder.indexOf('\0') >= 0) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the folder for a disk")
          .next("Write its absolute path on the VM's host.")
          .asException();
    }
  }
}
