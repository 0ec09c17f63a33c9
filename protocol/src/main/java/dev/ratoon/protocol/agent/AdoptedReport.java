package dev.ratoon.protocol.agent;

import java.util.List;

/** What a host has adopted, all of it, and whose domains stand on that. */
public record AdoptedReport(List<AdoptionReport> adoptions, List<ForeignDomain> domains) {
  public AdoptedReport {
    adoptions = List.copyOf(adoptions);
    domains = List.copyOf(domains);
  }
}
