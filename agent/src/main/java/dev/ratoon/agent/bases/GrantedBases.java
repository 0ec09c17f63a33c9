package dev.ratoon.agent.bases;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.Arrivals;
import dev.ratoon.cache.arrival.ArrivingBase;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.channel.Doorman;
import dev.ratoon.protocol.channel.Peer;
import dev.ratoon.protocol.fleet.Grant;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Gives base disks to hosts that the server has granted them: those that the cache has, those that
 * lie in adopted files or on a share that this host sees, and those that are arriving.
 */
record GrantedBases(
    FleetIdentity identity, Cache cache, OtherPlaces others, Arrivals arrivals, InstantSource clock)
    implements Doorman {
  /**
   * Clocks differ, and jump: by so much the clock of the server that made a grant may be behind
   * that of this host. A host that was removed can use its last grants for as long, and no others.
   */
  static final Duration SKEW = Duration.ofHours(1);

  @Override
  public Admission admit(Peer peer, DiskId disk, ByteBuffer grant) {
    boolean granted =
        Grant.verified(grant, identity.authority())
            .filter(known ->
                known.host().equals(peer.host())
                    && known.disk().equals(disk)
                    && clock.instant().isBefore(known.until().plus(SKEW)))
            .isPresent();
    if (!granted) {
      throw refusal(ErrorCode.FORBIDDEN, disk, "The server has not granted it to this host.");
    }
    boolean library = identity.library();
    Optional<Base> ready = cache.find(disk).map(base -> cache.use(base.id()));
    if (ready.isPresent()) {
      return new Admission(ReadyBase.open(cache, ready.get()), library);
    }
    Optional<BaseContent> file = cache.adopted().open(disk).or(() -> others.open(disk));
    if (file.isPresent()) {
      return new Admission(ReadyBase.of(file.get()), library);
    }
    ArrivingBase arriving =
        arrivals
            .arriving(disk)
            .filter(base -> base.manifest().isPresent())
            .orElseThrow(() -> refusal(ErrorCode.NOT_FOUND, disk, "It is not here."));
    return new Admission(new PartialBase(cache, arriving), library);
  }

  private static RatoonException refusal(ErrorCode code, DiskId disk, String why) {
    return Problem.of(code, "giving base disk " + disk.shortForm()).detail(why).asException();
  }
}
