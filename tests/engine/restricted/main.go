// Says which controls of the Pod Security Standard "Restricted" pods do not keep to, by the code that Kubernetes itself
// admits pods with. Reads a JSON list of Deployments, writes a list of reasons for each.
package main

import (
	"encoding/json"
	"log"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		log.Fatal(err)
	}
	var deployments []appsv1.Deployment
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&deployments); err != nil {
		log.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	answers := make([][]string, 0, len(deployments))
	for _, deployment := range deployments {
		reasons := []string{}
		template := &deployment.Spec.Template
		for _, result := range evaluator.EvaluatePod(restricted, &template.ObjectMeta, &template.Spec) {
			if !result.Allowed {
				reasons = append(reasons, result.ForbiddenReason)
			}
		}
		answers = append(answers, reasons)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}
