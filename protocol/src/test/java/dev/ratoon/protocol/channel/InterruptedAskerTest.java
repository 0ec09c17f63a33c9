package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Whoever asks may be interrupted; others who share the connection must not notice. */
class InterruptedAskerTest {
  @Test
  void anInterruptedAskerLeavesTheConnectionOpen() throws Exception {
    try (Link link = Link.usual()) {
      PeerConnection connection = link.connect();
      FakeBase base = FakeBase.ready(FakeBase.noise(100 * Limits.PIECE_BYTES, 1));
      PeerStream stream = connection.stream(link.give(base), Link.GRANT, new Link.Heard());
      Collected collected = new Collected();
      Thread asker =
          Thread.ofPlatform()
              .start(() -> {
                Thread.currentThread().interrupt();
                ChunkRequest _ =
                    stream.request(
                        Part.CONTENT, List.of(Run.of(0, 100)), Priority.DEPLOY, collected);
              });
      asker.join();
      assertThat(collected.complete()).hasSize(100);
      assertThat(connection.isOpen()).isTrue();
    }
  }
}
