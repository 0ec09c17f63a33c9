package dev.ratoon.simulation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;

/** How the time until VMs run grows with the fleet, as a picture and as a table. */
final class Plot {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 560;
  private static final int[] PERCENTILES = {50, 95, 99};

  private Plot() {}

  /** Writes {@code time-to-running.png} and {@code .csv} into the folder. */
  static void write(List<Outcome> outcomes, Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.write(
        folder.resolve("time-to-running.csv"),
        Stream.concat(Stream.of(Outcome.csvHeader()), outcomes.stream().map(Outcome::csv))
            .toList());
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title("Time to running against fleet size")
            .xAxisTitle("hosts")
            .yAxisTitle("seconds, simulated")
            .build();
    chart.getStyler().setXAxisLogarithmic(true);
    chart.getStyler().setYAxisMin(0.0);
    List<Integer> hosts = outcomes.stream().map(Outcome::hosts).toList();
    for (int percentile : PERCENTILES) {
      List<Double> seconds =
          outcomes.stream()
              .map(one -> Outcome.percentile(one.millisToRunning(), percentile) / 1000.0)
              .toList();
      var _ = chart.addSeries(percentile == 50 ? "median" : "p" + percentile, hosts, seconds);
    }
    boolean _ =
        ImageIO.write(
            BitmapEncoder.getBufferedImage(chart),
            "png",
            folder.resolve("time-to-running.png").toFile());
  }
}
