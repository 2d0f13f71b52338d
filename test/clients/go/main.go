// Program client does with client-go what controllers do, and prints what came of it: the same lines on every server.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var widgets = schema.GroupVersionResource{Group: "conform.roster.dev", Version: "v1", Resource: "widgets"}

// world is what every part works with.
type world struct {
	ctx       context.Context
	config    *rest.Config
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
	namespace string
}

var parts = []struct {
	name string
	run  func(world) error
}{
	{"discovery and REST mapping", discover},
	{"typed clients, JSON", typedWith(runtime.ContentTypeJSON)},
	{"typed clients, protobuf", typedWith(runtime.ContentTypeProtobuf)},
	{"typed server-side apply", apply},
	{"dynamic client", dynamicObjects},
	{"metadata and scale clients", metadataAndScale},
	{"informers", informers},
	{"leader election", elect},
	{"events", recordEvents},
	{"reviews and tokens", reviews},
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	must(err)
	// Many small requests: the client's own brake is not what is tried here.
	config.QPS = -1
	w := world{ctx: ctx, config: config, namespace: os.Args[1]}
	w.typed = kubernetes.NewForConfigOrDie(config)
	w.dynamic = dynamic.NewForConfigOrDie(config)
	for _, part := range parts {
		fmt.Printf("## %s\n", part.name)
		if err := part.run(w); err != nil {
			fmt.Printf("failed: %v\n", err)
		}
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// said prints one outcome; an API error by its reason and message.
func said(what string, err error, values ...any) {
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &status):
		fmt.Printf("%s: %s: %s\n", what, status.Status().Reason, status.Status().Message)
	case err != nil:
		fmt.Printf("%s: %v\n", what, err)
	default:
		fmt.Println(append([]any{what + ":"}, values...)...)
	}
}
