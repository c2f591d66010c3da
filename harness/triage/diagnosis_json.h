// A Diagnosis as JSON and back: what the journal keeps, report.json shows and `bootrig triage --json` prints.
// reports/diagnosis.schema.json describes it. Addresses and register values are texts ("0x86000004"): JSON's numbers
// hold 53 bits in many a reader.
#pragma once

#include "base/error.h"
#include "json/value.h"
#include "triage/diagnosis.h"

namespace bootrig {

JsonValue to_json(const Diagnosis& diagnosis);

// Errors name the key that is missing or wrong.
Result<Diagnosis> diagnosis_from_json(const JsonValue& value);

}  // namespace bootrig
