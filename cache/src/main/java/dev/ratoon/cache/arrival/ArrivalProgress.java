package dev.ratoon.cache.arrival;

/**
 * How far an arrival has come. Bytes are those of chunks that are not zero; all are 0 until the
 * manifest has come.
 *
 * @param dataBytes what there is to bring
 * @param verifiedBytes what of it is there
 * @param resumedBytes what of that was there before
 * @param relativeBytes what was taken from other bases in the same cache
 * @param fetchedBytes what sources sent that was asked for, before packing; duplicates, and what
 *     turned out wrong, included
 * @param libraryBytes what of that the library sent
 */
public record ArrivalProgress(
    long dataBytes,
    long verifiedBytes,
    long resumedBytes,
    long relativeBytes,
    long fetchedBytes,
    long libraryBytes) {
  static final ArrivalProgress NONE = new ArrivalProgress(0, 0, 0, 0, 0, 0);

  ArrivalProgress plus(ArrivalProgress other) {
    return new ArrivalProgress(
        dataBytes + other.dataBytes,
        verifiedBytes + other.verifiedBytes,
        resumedBytes + other.resumedBytes,
        relativeBytes + other.relativeBytes,
        fetchedBytes + other.fetchedBytes,
        libraryBytes + other.libraryBytes);
  }
}
