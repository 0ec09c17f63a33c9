package dev.ratoon.agent.bases;

import dev.ratoon.cache.arrival.ArrivalListener;
import dev.ratoon.cache.arrival.ArrivalProgress;
import dev.ratoon.cache.arrival.Source;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells operators, in the log, how bases came. */
final class ArrivalLog implements ArrivalListener {
  private static final Logger LOG = LoggerFactory.getLogger(ArrivalLog.class);

  @Override
  public void left(DiskId base, Source source, Left why) {
    if (why.problem().code() == ErrorCode.NOT_FOUND) {
      LOG.debug("Host {} has nothing yet: {}", source.name(), why.problem().oneLine());
    } else {
      LOG.warn("Host {} was left: {}", source.name(), why.problem().oneLine());
    }
  }

  @Override
  public void written(DiskId base, ArrivalProgress progress) {
    LOG.info(
        "All of base disk {} is verified and written: {}, of which {} had come before, {} were"
            + " taken from other bases, and {} came from the library",
        base.shortForm(),
        ByteSize.show(progress.verifiedBytes()),
        ByteSize.show(progress.resumedBytes()),
        ByteSize.show(progress.relativeBytes()),
        ByteSize.show(progress.libraryBytes()));
  }
}
