package dev.ratoon.cli.image;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Progress;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.client.Params;
import java.nio.file.Files;
import java.nio.file.Path;

/** Sends disk images to the server. */
public final class ImageUpload {
  private ImageUpload() {}

  /**
   * Sends the file and shows how far it is.
   *
   * @param params of {@link dev.ratoon.protocol.ImageEndpoints#IMAGE_ADD}
   */
  public static OperationView send(Session session, Params params, Path file) {
    if (!Files.isRegularFile(file)) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "opening '" + file + "'")
          .detail(Files.exists(file) ? "It is not a file." : "There is no such file.")
          .asException();
    }
    String subject = "upload " + file.getFileName();
    long size = file.toFile().length();
    try (Progress progress = Progress.begin(session.terminal(), session.output().quiet())) {
      progress.show(subject, Words.size(size), "");
      OperationView operation =
          session
              .client()
              .upload(
                  params,
                  file,
                  sent -> progress.show(subject, Words.size(size), Progress.bar(sent, size)));
      progress.end(subject, "done");
      return operation;
    }
  }
}
