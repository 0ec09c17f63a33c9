package dev.ratoon.protocol.agent;

/**
 * How much a host may move. 0 stands for no limit.
 *
 * @param giveBytesPerSecond most that it gives to other hosts in all
 * @param takeBytesPerSecond most that it takes from other hosts in all
 * @param libraryBytesPerSecond most that it gives as the library
 * @param libraryUploads to how many hosts it gives at once as the library; others wait for their
 *     turn
 */
public record TransferLimits(
    long giveBytesPerSecond,
    long takeBytesPerSecond,
    long libraryBytesPerSecond,
    int libraryUploads) {
  public static final TransferLimits NONE = new TransferLimits(0, 0, 0, 0);
}
