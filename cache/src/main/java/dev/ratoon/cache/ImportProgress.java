package dev.ratoon.cache;

/** Hears how far an import has come. Called from several threads, and often. */
@FunctionalInterface
public interface ImportProgress {

  /** What an import does, in this order. */
  enum ImportStep {
    /** Reads the disk through Ratoon's own reader and writes it as sparse raw. */
    READ,
    /** Reads back what was written, compares it, and computes the disk id. */
    VERIFY,
    /** Gives it its name. */
    PUBLISH
  }

  /** So many bytes of the guest's disk are dealt with in this step. */
  void at(ImportStep step, long bytesDone, long bytesTotal);
}
