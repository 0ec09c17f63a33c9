package dev.ratoon.cache.share;

import dev.ratoon.cache.arrival.Feed;
import dev.ratoon.cache.arrival.FeedListener;
import dev.ratoon.cache.arrival.Source;
import dev.ratoon.model.DiskId;

/** A share as a source of chunks: it is read like any other host, and believed as little. */
record ShareSource(Share share, ShareFiles files, ShareCalls calls) implements Source {

  @Override
  public String name() {
    return "share " + share.name();
  }

  @Override
  public Kind kind() {
    return Kind.SHARE;
  }

  @Override
  public Feed open(DiskId base, FeedListener listener) {
    ShareFeed feed = new ShareFeed(this, base, listener);
    feed.start();
    return feed;
  }
}
