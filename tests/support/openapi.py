"""Holds answers against the server's own OpenAPI document."""

import fastjsonschema


class Contract:
    def __init__(self, document):
        self.document = document

    def schema(self, method, path, status=200):
        operation = self.document["paths"][path][method.lower()]
        content = operation["responses"][str(status)]["content"]
        (schema,) = (entry["schema"] for entry in content.values())
        return {**schema, "components": self.document["components"]}

    def check(self, answer, method, path, status=200):
        fastjsonschema.compile({"$schema": "http://json-schema.org/draft-07/schema", **self.schema(method, path, status)})(answer)
        return answer
