package dev.ratoon.lab.life;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** What VMs, their snapshots, those in the trash, and images must contain. */
final class LifeModel {
  final Map<String, Content> vms = new TreeMap<>();
  final Map<String, Content> trash = new TreeMap<>();
  final Map<String, Content> images = new TreeMap<>(Map.of("small", Content.NOTHING));
  private final Map<String, Map<String, Content>> snapshots = new HashMap<>();

  void made(String vm, Content content) {
    vms.put(vm, content);
  }

  void deleted(String vm) {
    trash.put(vm, taken(vms, vm));
  }

  void undeleted(String vm) {
    vms.put(vm, taken(trash, vm));
  }

  void purged(String vm) {
    taken(trash, vm);
    snapshots.remove(vm);
  }

  void remembered(String vm, String snapshot) {
    snapshotsOf(vm).put(snapshot, content(vm));
  }

  void reverted(String vm, String snapshot) {
    vms.put(vm, taken(new HashMap<>(snapshotsOf(vm)), snapshot));
  }

  Content content(String vm) {
    return taken(new HashMap<>(vms), vm);
  }

  Content ofImage(String image) {
    return taken(new HashMap<>(images), image);
  }

  Map<String, Content> snapshotsOf(String vm) {
    return snapshots.computeIfAbsent(vm, _ -> new TreeMap<>());
  }

  private static Content taken(Map<String, Content> from, String name) {
    Content content = from.remove(name);
    if (content == null) {
      throw new AssertionError("the model has no " + name);
    }
    return content;
  }
}
