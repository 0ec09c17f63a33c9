package dev.ratoon.agent.move;

import dev.ratoon.agent.bases.FleetIdentity;
import dev.ratoon.agent.move.MoveWords.Hello;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.channel.Peer;
import dev.ratoon.protocol.fleet.MoveGrant;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;

/** Tells whether a host may do what it comes for: the server's signed word has to say so. */
record MoveDoorman(FleetIdentity identity, InstantSource clock) {
  /** Clocks differ, and jump; as for bases. */
  private static final Duration SKEW = Duration.ofHours(1);

  /**
   * Lets the peer in.
   *
   * @param peerIsDestination which end of the migration the peer is
   * @throws dev.ratoon.model.RatoonException {@code forbidden}
   */
  void require(Peer peer, Hello hello, boolean peerIsDestination) {
    HostId source = peerIsDestination ? identity.host() : peer.host();
    HostId destination = peerIsDestination ? peer.host() : identity.host();
    boolean granted =
        grant(hello)
            .filter(known ->
                known.vm().equals(hello.vm())
                    && known.epoch() == hello.epoch()
                    && known.source().equals(source)
                    && known.destination().equals(destination)
                    && clock.instant().isBefore(known.until().plus(SKEW)))
            .isPresent();
    if (!granted) {
      throw Problem.of(ErrorCode.FORBIDDEN, "migrating VM " + hello.vm())
          .detail("The server has not granted it to this host.")
          .asException();
    }
  }

  private Optional<MoveGrant> grant(Hello hello) {
    try {
      byte[] bytes = Base64.getDecoder().decode(hello.grant());
      return MoveGrant.verified(ByteBuffer.wrap(bytes), identity.authority());
    } catch (IllegalArgumentException notBase64) {
      return Optional.empty();
    }
  }
}
