package dev.ratoon.protocol.channel;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** What is new in all streams of a connection. */
final class NewsOfStreams {
  private final CopyOnWriteArrayList<ServedStream> streams = new CopyOnWriteArrayList<>();

  void add(ServedStream stream) {
    streams.add(stream);
  }

  void remove(ServedStream stream) {
    streams.remove(stream);
  }

  List<ServedStream> all() {
    return List.copyOf(streams);
  }

  Optional<Frame> next() {
    for (ServedStream stream : streams) {
      Optional<Frame> news = stream.feed().next();
      if (news.isPresent()) {
        return news;
      }
    }
    return Optional.empty();
  }
}
