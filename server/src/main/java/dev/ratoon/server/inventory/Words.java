package dev.ratoon.server.inventory;

import dev.ratoon.model.OperationKind;
import java.util.List;

/** Lists and counts for people. */
final class Words {
  private static final int SHOWN = 20;

  private Words() {}

  /** At most twenty of them, and how many more there are. */
  static String some(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
    return names.size() <= SHOWN ? shown : shown + " and " + (names.size() - SHOWN) + " more";
  }

  static String doing(OperationKind kind) {
    return switch (kind) {
      case IMPORT -> "importing";
      case DEPLOY -> "deploying";
      case START -> "starting";
      case STOP -> "stopping";
      case DELETE -> "deleting";
      case UNDELETE -> "undeleting";
      case PURGE -> "purging";
      case PRECACHE -> "bringing";
      case VERIFY, SCRUB -> "verifying";
      case EVICT -> "removing";
      case ADOPT -> "adopting";
      case UNADOPT -> "giving back";
      case TAKE_OVER -> "taking over";
      case MIGRATE -> "migrating";
      case CLONE -> "cloning";
      case CREATE_IMAGE -> "making an image of";
      case SNAPSHOT -> "remembering the state of";
      case REVERT -> "reverting";
      case FLATTEN -> "flattening";
      case REBASE -> "rebasing";
      case MOVE_DISK -> "moving a disk of";
    };
  }

  static String counted(int count, String noun) {
    return count == 1 ? "1 " + noun : count + " " + noun + "s";
  }
}
