package dev.ratoon.protocol.channel;

/** What was asked for and may be given up. */
public interface ChunkRequest {
  /**
   * Nothing more of it is wanted. The receiver is told {@code failed} ({@code INTERRUPTED}) unless
   * it has been told of an end; a call that is under way goes on. Does nothing when repeated.
   */
  void cancel();
}
