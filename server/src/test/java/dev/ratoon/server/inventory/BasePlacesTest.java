package dev.ratoon.server.inventory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.Whereabouts.Kind;
import dev.ratoon.protocol.agent.Whereabouts.Place;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** However many hosts have a base, nobody is told of more than it can use. */
class BasePlacesTest {
  private static List<Place> places(int count, Kind kind) {
    List<Place> places = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      places.add(new Place(new HostId(new UUID(kind.name().hashCode(), i)), "10.0.0.1:7801", kind));
    }
    return places;
  }

  @Test
  void fewPlacesAreToldAll() {
    List<Place> places = places(8, Kind.ARRIVING);
    places.addAll(places(1, Kind.LIBRARY));
    assertThat(BasePlaces.some(places, new Random(1))).containsExactlyElementsOf(places);
  }

  @Test
  void ofManyPlacesEachAskerIsToldOthers() {
    List<Place> places = places(1000, Kind.ARRIVING);
    places.addAll(places(1, Kind.LIBRARY));
    List<Place> first = BasePlaces.some(places, new Random(1));
    List<Place> second = BasePlaces.some(places, new Random(2));
    assertThat(first).hasSize(BasePlaces.MOST_OF_A_KIND + 1).endsWith(places.getLast());
    assertThat(BasePlaces.some(places, new Random(1))).isEqualTo(first);
    assertThat(new HashSet<>(first)).isNotEqualTo(new HashSet<>(second));
  }
}
