package dev.ratoon.agent.move;

import dev.ratoon.agent.move.MoveWords.Ask;
import dev.ratoon.agent.move.MoveWords.Files;
import dev.ratoon.agent.move.MoveWords.Sent;
import dev.ratoon.agent.move.MovingVms.Given;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.channel.MoveLink;
import dev.ratoon.protocol.channel.MoveLink.Received;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/** Gives the files of a VM that stands still to its next host: what is not zeros of them. */
final class FileGiving {
  private final MoveLink link;
  private final List<Given> given;

  FileGiving(MoveLink link, List<Given> given) {
    this.link = link;
    this.given = given;
  }

  /** Until the other side has all that it wants. */
  void serve() throws InterruptedException {
    link.say(
        new Files(
            given.stream()
                .map(file ->
                    new MoveWords.File(file.name(), size(file), StoredBytes.of(file.file())))
                .toList()));
    while (true) {
      switch (link.next()) {
        case Received.Message message -> send(message.as(Ask.class).name());
        case Received.End _ -> {
          return;
        }
        case Received.Data _ -> throw misbehaved("It sent data, which only the source does.");
      }
    }
  }

  private static long size(Given file) {
    try (ImageFile open = ImageFile.open(file.file())) {
      return open.length();
    }
  }

  private void send(String name) {
    Given file =
        given.stream()
            .filter(known -> known.name().equals(name))
            .findFirst()
            .orElseThrow(() -> misbehaved("It asked for a file that was not offered."));
    MessageDigest sha256 = Pieces.sha256();
    try (ImageFile open = ImageFile.open(file.file())) {
      ByteBuffer piece = ByteBuffer.allocate(Pieces.HEAD_BYTES + Pieces.MOST_BYTES);
      long length = open.length();
      for (long at = open.nextData(0); at < length; ) {
        int count = (int) Math.min(Pieces.MOST_BYTES, Math.min(open.nextHole(at), length) - at);
        piece.clear().limit(Pieces.HEAD_BYTES + count).position(Pieces.HEAD_BYTES);
        open.read(at, piece);
        for (ByteBuffer run : Pieces.apartFromZeros(piece.flip(), at)) {
          sha256.update(run.duplicate());
          link.data(run);
        }
        at += count;
        at = at < length ? open.nextData(at) : length;
      }
    }
    link.say(new Sent(name, HexFormat.of().formatHex(sha256.digest())));
  }

  private static RuntimeException misbehaved(String why) {
    return Problem.of(ErrorCode.PEER_MISBEHAVED, "giving a VM's files").detail(why).asException();
  }
}
