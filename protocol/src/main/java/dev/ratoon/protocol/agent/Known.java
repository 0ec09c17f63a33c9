package dev.ratoon.protocol.agent;

/**
 * The newest desired state that a host has taken up.
 *
 * @param revision 0 if there is none
 * @param incarnation see {@link DesiredState}; empty if the host is to be told all anew
 * @param run of the server that made it, see {@link Lineage}; empty if the host is to be told all
 *     anew
 */
public record Known(long revision, String incarnation, String run) {
  /** Nothing at all. */
  public static final Known NOTHING = whole(0);

  /** Of a host that is to be told all anew, as soon as there is something newer than this. */
  public static Known whole(long revision) {
    return new Known(revision, "", "");
  }

  public static Known of(DesiredState state) {
    return new Known(
        state.revision(), state.incarnation(), state.lineage().map(Lineage::run).orElse(""));
  }
}
