package dev.ratoon.placement;

/** Weights for a purpose. */
public enum Preset {
  /** Fill hosts before others are begun, so that whole hosts stay free or can be switched off. */
  PACK(new Weights(1, -10, -2, 0, 0)),
  /** Start soon, and keep hosts about equally full. */
  BALANCE(new Weights(1, 2, 1, 1, 0.02)),
  /** Start as soon as can be; fullness only decides between hosts that are equally fast. */
  FASTEST_START(new Weights(1, 0.02, 0.01, 0.01, 0));

  private final Weights weights;

  Preset(Weights weights) {
    this.weights = weights;
  }

  public Weights weights() {
    return weights;
  }
}
