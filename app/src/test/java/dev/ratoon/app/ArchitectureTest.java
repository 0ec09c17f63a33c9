package dev.ratoon.app;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Who may import whom: the table of docs/ARCHITECTURE.md, kept true. */
class ArchitectureTest {
  private static final String ROOT = "dev.ratoon.";

  /** Each module, and the modules that it may import. */
  private static final Map<String, List<String>> MAY_IMPORT =
      Map.of(
          "model", List.of(),
          "disk", List.of("model"),
          "cache", List.of("model", "disk"),
          "placement", List.of("model"),
          "protocol", List.of("model"),
          "agent", List.of("model", "disk", "cache", "protocol"),
          "server", List.of("model", "placement", "protocol", "cache", "disk"),
          "cli", List.of("model", "disk", "protocol"));

  private static final JavaClasses PRODUCT =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("testkit"))
          .importPackages("dev.ratoon");

  @TestFactory
  Stream<DynamicTest> eachModuleImportsOnlyWhatTheTableAllows() {
    return MAY_IMPORT.keySet().stream()
        .map(module ->
            DynamicTest.dynamicTest(
                module,
                () ->
                    noClasses()
                        .that(resideInAPackage(ROOT + module + ".."))
                        .should()
                        .dependOnClassesThat(ratoonOutside(module))
                        .check(PRODUCT)));
  }

  @Test
  void theCoreNeedsNothingButTheJdk() {
    classes()
        .that(resideInAnyPackage("dev.ratoon.model..", "dev.ratoon.placement.."))
        .should()
        .onlyDependOnClassesThat(resideInAnyPackage("java..", "dev.ratoon..", "org.jspecify.."))
        .check(PRODUCT);
    classes()
        .that(resideInAPackage("dev.ratoon.disk.."))
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage("java..", "dev.ratoon..", "org.jspecify..", "io.airlift.compress.."))
        .check(PRODUCT);
  }

  @Test
  void placementDoesNoInputOrOutput() {
    noClasses()
        .that(resideInAPackage("dev.ratoon.placement.."))
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "java.io..", "java.nio..", "java.net..", "java.sql..", "java.time.."))
        .check(PRODUCT);
  }

  @Test
  void onlyOnePackageKnowsLibvirt() {
    onlyIn("dev.ratoon.agent.libvirt..", "org.libvirt..", "com.sun.jna..");
  }

  @Test
  void onlyOnePackageKnowsSmb() {
    onlyIn("dev.ratoon.agent.smb..", "com.hierynomus..");
  }

  @Test
  void onlyOnePackageSpeaksSql() {
    onlyIn(
        "dev.ratoon.server.store..",
        "java.sql..",
        "javax.sql..",
        "org.jdbi..",
        "org.flywaydb..",
        "org.postgresql..",
        "com.zaxxer..");
  }

  @Test
  void onlyTheApiKnowsJetty() {
    onlyIn("dev.ratoon.server.api..", "org.eclipse.jetty..");
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("dev.ratoon.(**)").should().beFreeOfCycles().check(PRODUCT);
  }

  private static void onlyIn(String home, String... libraries) {
    noClasses()
        .that(DescribedPredicate.not(resideInAPackage(home)))
        .should()
        .dependOnClassesThat(resideInAnyPackage(libraries))
        .check(PRODUCT);
  }

  private static DescribedPredicate<JavaClass> ratoonOutside(String module) {
    String[] allowed =
        Stream.concat(Stream.of(module), MAY_IMPORT.getOrDefault(module, List.of()).stream())
            .map(m -> ROOT + m + "..")
            .toArray(String[]::new);
    return resideInAPackage("dev.ratoon..")
        .and(DescribedPredicate.not(resideInAnyPackage(allowed)));
  }
}
