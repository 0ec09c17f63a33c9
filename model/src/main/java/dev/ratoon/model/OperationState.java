package dev.ratoon.model;

/** How far an operation has come. */
public enum OperationState {
  RUNNING,
  DONE,
  FAILED;

  public boolean ended() {
    return this != RUNNING;
  }
}
