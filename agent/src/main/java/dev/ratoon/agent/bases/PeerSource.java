package dev.ratoon.agent.bases;

import dev.ratoon.cache.arrival.Feed;
import dev.ratoon.cache.arrival.FeedListener;
import dev.ratoon.cache.arrival.Source;
import dev.ratoon.model.DiskId;
import dev.ratoon.protocol.agent.Whereabouts.Place;

/** Another host of the fleet, as a source of base disks. */
record PeerSource(Peers peers, Place place) implements Source {

  @Override
  public String name() {
    return place.host().toString();
  }

  @Override
  public Kind kind() {
    return switch (place.kind()) {
      case READY -> Kind.READY_PEER;
      case ARRIVING -> Kind.ARRIVING_PEER;
      case LIBRARY -> Kind.LIBRARY;
    };
  }

  @Override
  public Feed open(DiskId base, FeedListener listener) {
    PeerFeed feed = new PeerFeed(peers, place, base, listener);
    Thread.ofVirtual().name("feed-" + base.shortForm()).start(feed::connect);
    return feed;
  }
}
