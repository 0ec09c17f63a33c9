package dev.ratoon.cache;

/** Hears how far a whole copy has come. */
@FunctionalInterface
public interface CopyProgress {
  void at(long bytesDone, long bytesTotal);
}
